//! One's own account.

use super::world::{PASSWORD, World, eventually};
use reqwest::Method;
use serde_json::{Value, json};

/// The smallest PNG: one pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89,
];

fn home(line1: &str) -> Value {
    json!({ "address": { "name": "Ann Other", "line1": line1, "city": "Leeds", "country": "GB" } })
}

#[tokio::test]
async fn a_profile_and_preferences_are_changed_and_told_in_versions() {
    let world = World::open().await;
    let (me, _) = world.customer("ann@example.org").await;
    let (_, before) = world.get("/v1/users/me", &me).await;
    let (status, after) = world.ask(Method::PUT, "/v1/users/me", &me, &json!({ "name": "Ann Third" })).await;
    assert_eq!((status, &after["name"]), (200, &json!("Ann Third")), "{after}");
    let channels = json!({ "email": false, "sms": true, "push": true, "marketing": false });
    let preferences = json!({ "language": "pt-BR", "currency": "EUR", "channels": channels });
    let (status, kept) = world.ask(Method::PUT, "/v1/users/me/preferences", &me, &preferences).await;
    assert_eq!((status, &kept), (200, &preferences));
    assert_eq!(world.get("/v1/users/me/preferences", &me).await, (200, preferences));
    let (_, last) = world.get("/v1/users/me", &me).await;
    assert!(last["version"].as_i64() > before["version"].as_i64(), "{before} {last}");
    let wrong = json!({ "language": "pt-BR", "channels": { "email": "yes" } });
    let (status, answer) = world.ask(Method::PUT, "/v1/users/me/preferences", &me, &wrong).await;
    assert_eq!((status, answer["field"].as_str()), (400, Some("channels.email")), "{answer}");
}

#[tokio::test]
async fn one_of_the_addresses_is_the_default_and_nobody_sees_anothers() {
    let world = World::open().await;
    let ((ann, _), (eve, _)) =
        (world.customer("ann@example.org").await, world.customer("eve@example.org").await);
    let path = "/v1/users/me/addresses";
    let (status, first) = world.post(path, &ann, &home("1 High St")).await;
    assert_eq!((status, &first["is_default"]), (201, &json!(true)), "{first}");
    let (_, second) = world.post(path, &ann, &home("2 Low St")).await;
    assert_eq!(second["is_default"], false);
    let at = |address: &Value| format!("{path}/{}", address["address_id"].as_str().unwrap());
    let mut chosen = home("2 Low St");
    chosen["is_default"] = json!(true);
    assert_eq!(world.ask(Method::PUT, &at(&second), &ann, &chosen).await.1["is_default"], true);
    let (_, listed) = world.get(path, &ann).await;
    let defaults: Vec<&Value> =
        listed["addresses"].as_array().unwrap().iter().map(|a| &a["is_default"]).collect();
    assert_eq!(defaults, [true, false], "{listed}");

    assert_eq!(world.get(path, &eve).await.1, json!({ "addresses": [] }));
    assert_eq!(world.ask(Method::PUT, &at(&first), &eve, &home("3 Mean St")).await.0, 404);
    assert_eq!(world.ask(Method::DELETE, &at(&first), &eve, &json!({})).await.0, 404);
    assert_eq!(world.ask(Method::DELETE, &at(&second), &ann, &json!({})).await.0, 204);
    let (_, listed) = world.get(path, &ann).await;
    assert_eq!(listed["addresses"][0]["is_default"], true, "the other becomes it: {listed}");
    for _ in 1..20 {
        assert_eq!(world.post(path, &ann, &home("1 High St")).await.0, 201);
    }
    assert_eq!(world.post(path, &ann, &home("1 High St")).await.0, 409, "twenty are enough");
}

#[tokio::test]
async fn a_picture_is_what_its_content_says() {
    let world = World::open().await;
    let (me, _) = world.customer("ann@example.org").await;
    let set = async |bytes: Vec<u8>, said: &str| {
        let request = world.gateway.request(Method::POST, "/v1/users/me/avatar").bearer_auth(&me);
        request.header("content-type", said).body(bytes).send().await.unwrap().status().as_u16()
    };
    assert_eq!(set(b"<svg onload='alert(1)'/>".to_vec(), "image/png").await, 400);
    assert_eq!(set(vec![0; (512 << 10) + 1], "image/png").await, 413);
    assert_eq!(set(vec![], "image/png").await, 400);
    assert_eq!(set(PNG.to_vec(), "text/html").await, 204);
    let shown =
        world.gateway.request(Method::GET, "/v1/users/me/avatar").bearer_auth(&me).send().await.unwrap();
    assert_eq!(shown.headers()["content-type"], "image/png");
    assert_eq!(shown.headers()["x-content-type-options"], "nosniff");
    assert_eq!(shown.bytes().await.unwrap(), PNG);
    assert_eq!(world.ask(Method::DELETE, "/v1/users/me/avatar", &me, &json!({})).await.0, 204);
    assert_eq!(world.get("/v1/users/me/avatar", &me).await.0, 404);
}

#[tokio::test]
async fn an_address_is_changed_only_by_who_reads_its_mails() {
    let world = World::open().await;
    let (me, _) = world.customer("ann@example.org").await;
    world.register("eve@example.org").await;
    let change = async |email: &str, password: &str| {
        world.post("/v1/auth/change-email", &me, &json!({ "email": email, "password": password })).await.0
    };
    assert_eq!(change("new@example.org", "a wrong password").await, 400);
    // That it is another's is told nobody but its owner.
    assert_eq!(change("eve@example.org", PASSWORD).await, 202);
    assert_eq!(change("new@example.org", PASSWORD).await, 202);
    assert_eq!(world.get("/v1/users/me", &me).await.1["email"], "ann@example.org", "not yet");
    let token = world.mailed_token("new@example.org", "Confirm your new e-mail address").await;
    assert_eq!(world.post("/v1/auth/verify-email", "", &json!({ "token": token })).await.0, 204);
    assert_eq!(world.try_login("new@example.org", PASSWORD).await.0, 200);
    assert_eq!(world.try_login("ann@example.org", PASSWORD).await.0, 401);
    assert_eq!(world.try_login("eve@example.org", PASSWORD).await.0, 200, "hers is untouched");
}

#[tokio::test]
async fn everything_that_is_kept_is_shown_and_a_deleted_account_leaves_nothing_personal() {
    let world = World::open().await;
    let (me, id) = world.customer("ann@example.org").await;
    assert_eq!(world.post("/v1/users/me/addresses", &me, &home("1 High St")).await.0, 201);
    let (status, export) = world.get("/v1/users/me/export", &me).await;
    assert_eq!(status, 200);
    assert_eq!(export["account"]["email"], "ann@example.org");
    assert_eq!(export["addresses"][0]["address"]["line1"], "1 High St");
    assert!(!export.to_string().contains("argon2"), "secrets are no one's to take home");

    let delete = async |password: &str| {
        world.ask(Method::DELETE, "/v1/users/me", &me, &json!({ "password": password })).await.0
    };
    assert_eq!(delete("a wrong password").await, 400);
    assert_eq!(delete(PASSWORD).await, 204);
    eventually("out", async || world.get("/v1/users/me", &me).await.0 == 401).await;
    assert_eq!(world.try_login("ann@example.org", PASSWORD).await.0, 401);

    let url = format!("{}/identity", world.postgres.server.url().trim_end_matches("/postgres"));
    let mut db = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();
    let tables: Vec<(String,)> = sqlx::query_as(
        "select tablename::text from pg_tables where schemaname = 'public' and tablename not like '\\_sqlx%'",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    for (table,) in tables {
        let rows = sqlx::AssertSqlSafe(format!("select row_to_json(t)::text from {table} t"));
        let rows: Vec<(String,)> = sqlx::query_as(rows).fetch_all(&mut db).await.unwrap();
        for (row,) in rows {
            // The farewell itself is on its way to her.
            let personal = ["High St", "Ann", "ann@example.org"].iter().any(|word| row.contains(word));
            assert!(!personal || table == "mail", "{table}: {row}");
            assert!(table != "account" && table != "session" || !row.contains(&id), "{table}: {row}");
        }
    }
    // The address may be used again, for another account.
    world.register("ann@example.org").await;
    let (fresh, _) = world.login("ann@example.org").await;
    assert_ne!(world.get("/v1/users/me", &fresh).await.1["user_id"], id);
}

#[tokio::test]
async fn an_account_is_told_again_before_the_stream_forgets_it() {
    let world = World::open().await;
    world.register("ann@example.org").await;
    let url = format!("{}/identity", world.postgres.server.url().trim_end_matches("/postgres"));
    let mut db = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();
    let mut is_due = async |from: &'static str| -> bool {
        let due = "between now() + interval '29 days' and now() + interval '31 days'";
        let sql = format!("select coalesce(bool_and(announce_at {due}), false) from {from}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut db).await.unwrap()
    };
    eventually("told, and due in a month", async || is_due("account").await).await;
    let mut other = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();
    let month = sqlx::query("update account set announce_at = now()").execute(&mut other).await.unwrap();
    assert_eq!(month.rows_affected(), 1);
    eventually("told again", async || is_due("account").await).await;

    let me = world.login("ann@example.org").await.0;
    let leave = json!({ "password": PASSWORD });
    assert_eq!(world.ask(Method::DELETE, "/v1/users/me", &me, &leave).await.0, 204);
    eventually("and that she left", async || is_due("deleted_account").await).await;
}
