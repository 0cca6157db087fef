//! Others' accounts.

use super::world::{PASSWORD, World, eventually};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn an_admin_finds_suspends_and_promotes_and_all_of_it_is_written_down() {
    let world = World::open().await;
    let (admin, admin_id) = world.admin("boss@example.org").await;
    let (ann, ann_id) = world.customer("ann@example.org").await;
    world.register("bob@example.org").await;
    let path = format!("/v1/users/{ann_id}");

    let (_, found) = world.get("/v1/users?search=ANN@EX", &admin).await;
    assert_eq!(found["users"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found["users"][0]["user_id"], ann_id);
    let (_, page) = world.get("/v1/users?limit=2", &admin).await;
    let next = page["next"].as_str().unwrap();
    let (_, rest) = world.get(&format!("/v1/users?limit=2&before={next}"), &admin).await;
    assert_eq!((rest["users"].as_array().unwrap().len(), &rest["next"]), (1, &json!(null)), "{rest}");
    assert_eq!(world.get("/v1/users?role=admin", &admin).await.1["users"][0]["user_id"], admin_id);
    for wild in ["%25", "_", "'", "\\"] {
        let (status, found) = world.get(&format!("/v1/users?search={wild}"), &admin).await;
        assert_eq!((status, found["users"].as_array().map(Vec::len)), (200, Some(0)), "{wild}: {found}");
    }

    assert_eq!(world.ask(Method::PUT, &path, &ann, &json!({ "role": "admin" })).await.0, 403);
    let (_, shown) = world.get(&path, &admin).await;
    let suspend = json!({ "status": "suspended", "version": shown["version"] });
    let (status, suspended) = world.ask(Method::PUT, &path, &admin, &suspend).await;
    assert_eq!((status, &suspended["status"]), (200, &json!("suspended")), "{suspended}");
    assert_eq!(world.ask(Method::PUT, &path, &admin, &suspend).await.0, 412, "another version by now");
    eventually("she is out", async || world.get("/v1/users/me", &ann).await.0 == 401).await;
    assert_eq!(world.try_login("ann@example.org", PASSWORD).await.0, 403);

    assert_eq!(world.ask(Method::PUT, &path, &admin, &json!({ "status": "active" })).await.0, 200);
    assert_eq!(world.ask(Method::PUT, &path, &admin, &json!({ "role": "support" })).await.0, 200);
    let (ann, _) = world.login("ann@example.org").await;
    assert_eq!(world.get("/v1/users", &ann).await.0, 200, "support sees");
    assert_eq!(
        world.ask(Method::PUT, &path, &ann, &json!({ "role": "admin" })).await.0,
        403,
        "and changes nothing"
    );
    let own = format!("/v1/users/{admin_id}");
    assert_eq!(
        world.ask(Method::PUT, &own, &admin, &json!({ "role": "customer" })).await.0,
        403,
        "not the own"
    );
    assert_eq!(world.ask(Method::PUT, &path, &admin, &json!({ "role": "service" })).await.0, 400);

    let (_, history) = world.get(&format!("{path}/history"), &admin).await;
    let what: Vec<&str> =
        history["entries"].as_array().unwrap().iter().map(|entry| entry["what"].as_str().unwrap()).collect();
    let expected = [
        "role: customer → support",
        "status: suspended → active",
        "status: active → suspended",
        "registered",
    ];
    assert_eq!(what, expected);
    assert_eq!(history["entries"][0]["by"], admin_id);

    assert_eq!(world.ask(Method::DELETE, &path, &admin, &json!({})).await.0, 204);
    assert_eq!(world.get(&path, &admin).await.0, 404);
    let (_, history) = world.get(&format!("{path}/history"), &admin).await;
    assert_eq!(history["entries"][0]["what"], "deleted", "the trail outlives the account");
}
