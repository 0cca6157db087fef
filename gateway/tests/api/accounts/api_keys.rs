//! Keys of programs.

use super::world::{World, eventually};
use reqwest::Method;
use serde_json::{Value, json};

async fn made(world: &World, admin: &str, scopes: &Value) -> (String, String) {
    let body = json!({ "name": "warehouse", "scopes": scopes });
    let (status, made) = world.post("/v1/api-keys", admin, &body).await;
    assert_eq!(status, 201, "{made}");
    (made["key"].as_str().unwrap().to_owned(), made["details"]["key_id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_until_it_is_revoked() {
    let world = World::open().await;
    let (admin, _) = world.admin("boss@example.org").await;
    let (key, id) = made(&world, &admin, &json!(["stock:write", "users:read"])).await;
    let receipt =
        |reference: &str| json!({ "reference": reference, "lines": [{ "sku": "A", "quantity": 1 }] });
    assert_eq!(world.post("/v1/stock/receipts", &key, &receipt("r1")).await.0, 202);
    assert_eq!(world.get("/v1/users", &key).await.0, 200);
    let (status, refused) = world.get("/v1/orders", &key).await;
    assert_eq!(status, 403, "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("orders:read"), "{refused}");
    let more = json!({ "name": "another", "scopes": ["*"] });
    assert_eq!(world.post("/v1/api-keys", &key, &more).await.0, 403, "keys make no keys");
    let (all, _) = made(&world, &admin, &json!(["*"])).await;
    assert_eq!(world.post("/v1/api-keys", &all, &more).await.0, 403, "not even this one");
    assert_eq!(world.get("/v1/users", &all).await.0, 200);

    let (_, listed) = world.get("/v1/api-keys", &admin).await;
    assert_eq!(listed["api_keys"].as_array().unwrap().len(), 2);
    assert!(!listed.to_string().contains(&key), "{listed}");
    assert_eq!(world.ask(Method::DELETE, &format!("/v1/api-keys/{id}"), &admin, &json!({})).await.0, 204);
    eventually("it is good no more", async || world.get("/v1/users", &key).await.0 == 401).await;
    for wrong in ["sk_", "sk_unknown", &format!("{key}x")] {
        assert_eq!(world.get("/v1/users", wrong).await.0, 401, "{wrong}");
    }
}

#[tokio::test]
async fn a_key_that_is_known_goes_on_while_identity_is_away() {
    let world = World::open().await;
    let (admin, _) = world.admin("boss@example.org").await;
    let (known, _) = made(&world, &admin, &json!(["stock:write"])).await;
    let (unknown, _) = made(&world, &admin, &json!(["stock:write"])).await;
    let receipt =
        |reference: &str| json!({ "reference": reference, "lines": [{ "sku": "A", "quantity": 1 }] });
    assert_eq!(world.post("/v1/stock/receipts", &known, &receipt("r1")).await.0, 202);
    world.identity.cancel();
    eventually("identity is away", async || world.get("/v1/users/me", &admin).await.0 == 503).await;
    assert_eq!(world.post("/v1/stock/receipts", &known, &receipt("r2")).await.0, 202);
    assert_eq!(world.post("/v1/stock/receipts", &unknown, &receipt("r3")).await.0, 503);
}

#[tokio::test]
async fn keys_that_cannot_be_are_refused() {
    let world = World::open().await;
    let (admin, _) = world.admin("boss@example.org").await;
    for (field, body) in [
        ("scopes", json!({ "name": "n", "scopes": [] })),
        ("scopes", json!({ "name": "n", "scopes": ["a", "a"] })),
        ("days", json!({ "name": "n", "scopes": ["a"], "days": 0 })),
        ("days", json!({ "name": "n", "scopes": ["a"], "days": 367 })),
        ("name", json!({ "name": "", "scopes": ["a"] })),
    ] {
        let (status, answer) = world.post("/v1/api-keys", &admin, &body).await;
        assert_eq!((status, answer["field"].as_str()), (400, Some(field)), "{answer}");
    }
}
