//! Registering, verifying, signing in, forgetting.

use super::world::{PASSWORD, World, eventually, tokens};
use async_nats::jetstream;
use futures_util::StreamExt;
use serde_json::json;

#[tokio::test]
async fn an_account_comes_from_a_verified_address_and_opens_with_its_password() {
    let world = World::open().await;
    let body = json!({ "email": "Ann@Example.org", "password": PASSWORD, "name": "Ann" });
    assert_eq!(world.post("/v1/auth/register", "", &body).await.0, 202);
    assert_eq!(world.try_login("ann@example.org", PASSWORD).await.0, 401, "not verified yet");
    let token = world.mailed_token("ann@example.org", "Confirm your e-mail address").await;
    let verify = json!({ "token": token });
    assert_eq!(world.post("/v1/auth/verify-email", "", &verify).await.0, 204);
    assert_eq!(world.post("/v1/auth/verify-email", "", &verify).await.0, 400, "good once");

    let (status, answer) = world.try_login("ANN@example.org", PASSWORD).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["expires_in"], 900);
    let (access, _) = tokens(&answer);
    let (status, me) = world.get("/v1/users/me", &access).await;
    assert_eq!((status, &me["email"], &me["name"]), (200, &json!("ann@example.org"), &json!("Ann")), "{me}");
    assert_eq!((&me["role"], &me["status"]), (&json!("customer"), &json!("active")));
    assert_eq!(world.try_login("ann@example.org", "correct horse batterY").await.0, 401);
}

#[tokio::test]
async fn nothing_tells_whether_there_is_an_account() {
    let world = World::open().await;
    world.register("ann@example.org").await;
    let known = world.try_login("ann@example.org", "a wrong password").await;
    let unknown = world.try_login("nobody@example.org", "a wrong password").await;
    assert_eq!(known, unknown);
    assert_eq!(known.0, 401);
    for (path, body) in [
        ("/v1/auth/register", json!({ "email": "", "password": "another password" })),
        ("/v1/auth/forgot-password", json!({ "email": "" })),
    ] {
        let of = |email: &str| {
            let mut body = body.clone();
            body["email"] = json!(email);
            body
        };
        let known = world.post(path, "", &of("ann@example.org")).await;
        let unknown = world.post(path, "", &of("nobody@example.org")).await;
        assert_eq!((known.0, &known), (202, &unknown), "{path}");
    }
    // Its owner is told, and nobody else.
    eventually("a mail to the owner", async || {
        let mails = world.mails("ann@example.org").await;
        let has = |subject: &str| mails.iter().any(|(found, _)| found == subject);
        has("You already have an account") && has("Set a new password")
    })
    .await;
    assert_eq!(world.try_login("ann@example.org", "another password").await.0, 401, "the old one stays");
    assert!(
        world.mails("nobody@example.org").await.iter().all(|(subject, _)| subject != "Set a new password")
    );
}

#[tokio::test]
async fn a_forgotten_password_is_set_by_mail_once_and_everybody_who_was_in_is_out() {
    let world = World::open().await;
    world.register("ann@example.org").await;
    let (access, refresh) = world.login("ann@example.org").await;
    assert_eq!(
        world.post("/v1/auth/forgot-password", "", &json!({ "email": "ann@example.org" })).await.0,
        202
    );
    let token = world.mailed_token("ann@example.org", "Set a new password").await;
    let weak = json!({ "token": token, "password": "password1" });
    let (status, answer) = world.post("/v1/auth/reset-password", "", &weak).await;
    assert_eq!((status, answer["field"].as_str()), (400, Some("password")), "{answer}");
    let reset = json!({ "token": token, "password": "another horse battery" });
    assert_eq!(world.post("/v1/auth/reset-password", "", &reset).await.0, 204);
    assert_eq!(world.post("/v1/auth/reset-password", "", &reset).await.0, 400, "good once");
    eventually("the old session is out", async || world.get("/v1/users/me", &access).await.0 == 401).await;
    assert_eq!(world.post("/v1/auth/refresh", "", &json!({ "refresh_token": refresh })).await.0, 401);
    assert_eq!(world.try_login("ann@example.org", PASSWORD).await.0, 401);
    assert_eq!(world.try_login("ann@example.org", "another horse battery").await.0, 200);
}

#[tokio::test]
async fn passwords_and_addresses_that_cannot_be_are_refused_with_their_field_and_without_their_value() {
    let world = World::open().await;
    let good = json!({ "email": "ann@example.org", "password": PASSWORD });
    for (field, value) in [
        ("email", json!("ann")),
        ("email", json!("ann@example.org\r\nBcc: eve@example.org")),
        ("email", json!(7)),
        ("password", json!("short")),
        ("password", json!("Password2024")),
        ("password", json!("x".repeat(129))),
        ("password", json!({ "$ne": "" })),
        ("name", json!("")),
        ("language", json!("klingon")),
        ("admin", json!(true)),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let (status, answer) = world.post("/v1/auth/register", "", &body).await;
        assert_eq!((status, answer["field"].as_str()), (400, Some(field)), "{answer}");
        if let Some(text) = value.as_str().filter(|text| text.len() > 3) {
            assert!(!answer.to_string().contains(text), "{answer} repeats {text}");
        }
    }
    assert!(world.mails("ann@example.org").await.is_empty(), "no trace");
}

/// What is told to all who listen has no password, no token, and only what reaches the owner.
#[tokio::test]
async fn secrets_never_reach_a_stream() {
    let world = World::open().await;
    let (access, id) = world.customer("ann@example.org").await;
    let name = json!({ "name": "Ann Changed" });
    assert_eq!(world.ask(reqwest::Method::PUT, "/v1/users/me", &access, &name).await.0, 200);
    let options = async_nats::ConnectOptions::with_user_and_password("test".into(), "test".into());
    let jetstream = jetstream::new(options.connect(world.gateway.nats.url()).await.unwrap());
    let stream = jetstream.get_stream("ACCOUNT").await.unwrap();
    let stored = async || stream.get_info().await.unwrap().state.messages;
    eventually("told", async || stored().await >= 1).await;
    let everything = jetstream::consumer::pull::OrderedConfig::default();
    let messages = stream.create_consumer(everything).await.unwrap().messages().await.unwrap();
    let count = usize::try_from(stored().await).unwrap();
    let bodies: Vec<String> = messages
        .take(count)
        .map(|message| String::from_utf8_lossy(&message.unwrap().payload).into_owned())
        .collect()
        .await;
    for body in &bodies {
        assert!(body.contains(&id), "{body}");
        for secret in [PASSWORD, "Ann", "$argon2", "$2", access.as_str()] {
            assert!(!body.contains(secret), "{body} has {secret}");
        }
    }
}

/// A change that was committed and not told (NATS was away, or the process ended in between) is told by the sweep.
#[tokio::test]
async fn what_a_request_could_not_tell_is_told_later() {
    let world = World::open().await;
    let (_, id) = world.customer("ann@example.org").await;
    let options = async_nats::ConnectOptions::with_user_and_password("test".into(), "test".into());
    let jetstream = jetstream::new(options.connect(world.gateway.nats.url()).await.unwrap());
    let stream = jetstream.get_stream("ACCOUNT").await.unwrap();
    let last = async || stream.get_info().await.unwrap().state.last_sequence;
    eventually("told", async || last().await == 1).await;
    // As the row is between the commit and JetStream's acknowledgement: in the next version, and due.
    let url = format!("{}/identity", world.postgres.server.url().trim_end_matches("/postgres"));
    let mut db = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();
    let untold = "update account set name = 'Ann Third', version = version + 1, announce_at = now() where id = $1::uuid";
    assert_eq!(sqlx::query(untold).bind(&id).execute(&mut db).await.unwrap().rows_affected(), 1);
    eventually("told by the sweep", async || last().await == 2).await;
    let told = stream.get_raw_message(2).await.unwrap();
    let told: serde_json::Value = serde_json::from_slice(&told.payload).unwrap();
    assert_eq!((&told["user_id"], told["version"].as_i64()), (&json!(id), Some(2)), "{told}");
}
