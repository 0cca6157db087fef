//! Only tokens that are signed with the right key, for us, and not expired, are tokens.

use crate::gateway::{Gateway, told};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chassis::Secret;
use contracts::Role;
use gateway::{Settings, token};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const HOUR: Duration = Duration::from_secs(3_600);
/// PKCS #8 of an Ed25519 key that is not the gateway's: this head, then a seed of 32 bytes.
const HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

fn key(seed: [u8; 32]) -> EncodingKey {
    EncodingKey::from_ed_der(&[&HEAD[..], &seed].concat())
}

/// The development key's seed, as the gateway derives it.
fn development(secret: &Secret) -> [u8; 32] {
    let hex = secret.derive("jwt", "dev");
    std::array::from_fn(|i| u8::from_str_radix(&hex.expose()[2 * i..2 * i + 2], 16).unwrap())
}

fn claims() -> Value {
    let exp = chassis::clock::now().millis() / 1000 + 3_600;
    json!({ "iss": "starling", "aud": "starling", "sub": Uuid::now_v7(), "role": "admin", "exp": exp })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn signed(claims: &Value, key: &EncodingKey) -> String {
    jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), claims, key).unwrap()
}

/// A token put together by hand.
fn by_hand(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let encode = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
    format!(
        "{}.{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims.to_string().as_bytes()),
        encode(signature)
    )
}

async fn status(gateway: &Gateway, token: &str) -> u16 {
    let response = gateway.request(Method::GET, "/v1/orders").bearer_auth(token).send().await.unwrap();
    if response.status() == 401 {
        let challenge = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
        assert!(challenge.starts_with("Bearer "), "{challenge}");
    }
    told(response).await.0
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let gateway = Gateway::start().await;
    let ours = key(development(&gateway.secret));
    let now = chassis::clock::now().millis() / 1000;
    // 503: the token is good, and there is nobody behind the gateway.
    assert_eq!(status(&gateway, &signed(&claims(), &ours)).await, 503);
    let good = token::mint(&gateway.secret, Uuid::now_v7(), Role::Admin, HOUR);
    assert_eq!(status(&gateway, &good).await, 503);
    assert_eq!(status(&gateway, &good).await, 503, "also when it is remembered");

    let hmac = EncodingKey::from_secret(&development(&gateway.secret));
    let other_secret = Secret::from("another".to_owned());
    let (head, rest) = good.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let flipped = format!("{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]);
    let bad: Vec<(&str, String)> = vec![
        ("no token", String::new()),
        ("no JWT", "Ann".into()),
        ("alg none", by_hand(&json!({ "alg": "none", "typ": "JWT" }), &claims(), b"")),
        ("alg None", by_hand(&json!({ "alg": "None" }), &claims(), b"")),
        ("no signature", format!("{head}.{body}.")),
        ("another alg", jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims(), &hmac).unwrap()),
        ("another key", signed(&claims(), &key([7; 32]))),
        ("another secret", token::mint(&other_secret, Uuid::now_v7(), Role::Admin, HOUR)),
        (
            "another body",
            format!("{head}.{}.{signature}", BASE64_URL_SAFE_NO_PAD.encode(claims().to_string())),
        ),
        ("another signature", format!("{head}.{body}.{flipped}")),
        ("expired", signed(&with("exp", json!(now - 60)), &ours)),
        ("no exp", signed(&without("exp"), &ours)),
        ("not yet", signed(&with("nbf", json!(now + 600)), &ours)),
        ("another audience", signed(&with("aud", json!("elsewhere")), &ours)),
        ("no audience", signed(&without("aud"), &ours)),
        ("another issuer", signed(&with("iss", json!("elsewhere")), &ours)),
        ("no issuer", signed(&without("iss"), &ours)),
        ("no subject", signed(&without("sub"), &ours)),
        ("subject no UUID", signed(&with("sub", json!("Ann")), &ours)),
        ("no role", signed(&without("role"), &ours)),
        ("unknown role", signed(&with("role", json!("root")), &ours)),
        ("unknown kid", {
            let header = Header { kid: Some("other".into()), ..Header::new(Algorithm::EdDSA) };
            jsonwebtoken::encode(&header, &claims(), &ours).unwrap()
        }),
        ("too long", "x".repeat(5_000)),
    ];
    for (what, token) in bad {
        assert_eq!(status(&gateway, &token).await, 401, "{what}");
    }
    let basic =
        gateway.request(Method::GET, "/v1/orders").basic_auth("Ann", Some(good)).send().await.unwrap();
    assert_eq!(basic.status(), 401);
}

#[tokio::test]
async fn a_remembered_token_expires_all_the_same() {
    let gateway = Gateway::start().await;
    let token = token::mint(&gateway.secret, Uuid::now_v7(), Role::Admin, Duration::from_secs(1));
    assert_eq!(status(&gateway, &token).await, 503);
    // The leeway for clocks that differ is five seconds.
    tokio::time::sleep(Duration::from_millis(7_100)).await;
    assert_eq!(status(&gateway, &token).await, 401);
}

#[tokio::test]
async fn with_a_jwks_only_its_keys_count() {
    let theirs = key([9; 32]);
    let mut public = jsonwebtoken::jwk::Jwk::from_encoding_key(&theirs, Algorithm::EdDSA).unwrap();
    public.common.key_id = Some("theirs".into());
    let jwks = json!({ "keys": [public] });
    let settings = Settings { jwks: Some(jwks.to_string()), ..Settings::default() };
    let gateway = Gateway::start_with(settings).await;
    let header = Header { kid: Some("theirs".into()), ..Header::new(Algorithm::EdDSA) };
    assert_eq!(status(&gateway, &jsonwebtoken::encode(&header, &claims(), &theirs).unwrap()).await, 503);
    let development = token::mint(&gateway.secret, Uuid::now_v7(), Role::Admin, HOUR);
    assert_eq!(status(&gateway, &development).await, 401, "the development key does not count beside a JWKS");
    let told = told(gateway.request(Method::GET, "/.well-known/jwks.json").send().await.unwrap()).await;
    assert_eq!((told.0, &told.1["keys"][0]["kid"]), (200, &json!("theirs")));
    assert!(told.1["keys"][0].get("d").is_none());
}
