//! The second factor, with an authenticator app's arithmetic.

use super::world::{PASSWORD, World, eventually};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha1::Sha1;

/// The code that an app shows at a second (RFC 6238), from the secret in base32.
pub fn code(secret: &str, at_s: i64) -> String {
    let mut bits = String::new();
    for letter in secret.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
        bits += &format!("{value:05b}");
    }
    let bytes: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect();
    let mut mac = Hmac::<Sha1>::new_from_slice(&bytes).unwrap();
    mac.update(&(at_s / 30).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[19] & 0xf);
    let number = u32::from_be_bytes(hash[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

pub fn now_s() -> i64 {
    chassis::clock::now().millis() / 1000
}

async fn login(world: &World, code: Option<&str>) -> (u16, Value) {
    let mut body = json!({ "email": "ann@example.org", "password": PASSWORD });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    world.post("/v1/auth/login", "", &body).await
}

#[tokio::test]
async fn with_a_second_factor_login_needs_a_code_and_each_is_good_once() {
    let world = World::open().await;
    let (me, _) = world.customer("ann@example.org").await;
    assert_eq!(world.post("/v1/users/me/totp", &me, &json!({ "password": "a wrong one" })).await.0, 400);
    let (status, secret) = world.post("/v1/users/me/totp", &me, &json!({ "password": PASSWORD })).await;
    assert_eq!(status, 200, "{secret}");
    let uri = secret["uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/Starling:ann@example.org?secret="), "{uri}");
    assert_eq!(login(&world, None).await.0, 200, "it does not count before it is confirmed");

    let secret = secret["secret"].as_str().unwrap();
    let confirm =
        async |code: &str| world.post("/v1/users/me/totp/confirm", &me, &json!({ "code": code })).await;
    assert_eq!(confirm("000000").await.0, 400);
    // Of the step before: the present one is still good for login.
    let (status, codes) = confirm(&code(secret, now_s() - 30)).await;
    assert_eq!(status, 200, "{codes}");
    let recovery: Vec<String> = codes["recovery_codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap().to_owned())
        .collect();
    assert!(recovery.len() >= 8, "{codes}");

    let (status, answer) = login(&world, None).await;
    assert_eq!((status, answer["field"].as_str()), (400, Some("code")), "{answer}");
    assert_eq!(login(&world, Some("123456")).await.0, 401);
    // A clock may be a step ahead, so this is good, and later than all that were used.
    let next = code(secret, now_s() + 30);
    assert_eq!(login(&world, Some(&next)).await.0, 200);
    assert_eq!(login(&world, Some(&next)).await.0, 401, "used before");
    assert_eq!(login(&world, Some(&recovery[0])).await.0, 200);
    assert_eq!(login(&world, Some(&recovery[0])).await.0, 401, "used before");

    let end = async |password: &str, code: &str| {
        let body = json!({ "password": password, "code": code });
        world.ask(Method::DELETE, "/v1/users/me/totp", &me, &body).await.0
    };
    assert_eq!(end(PASSWORD, "123456").await, 400);
    assert_eq!(end("a wrong one", &recovery[1]).await, 400);
    assert_eq!(end(PASSWORD, &recovery[1]).await, 204);
    eventually("login without a code", async || login(&world, None).await.0 == 200).await;
}

#[tokio::test]
async fn codes_cannot_be_guessed() {
    let world = World::open().await;
    let (me, _) = world.customer("ann@example.org").await;
    let (_, secret) = world.post("/v1/users/me/totp", &me, &json!({ "password": PASSWORD })).await;
    let code = code(secret["secret"].as_str().unwrap(), now_s());
    assert_eq!(world.post("/v1/users/me/totp/confirm", &me, &json!({ "code": code })).await.0, 200);
    let mut statuses = vec![];
    for number in 0..8 {
        statuses.push(login(&world, Some(&format!("{number:06}"))).await.0);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    assert!(!statuses.contains(&200), "{statuses:?}");
}
