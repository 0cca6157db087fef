//! Guessing is slow, and does not lock the owner out.

use super::world::{PASSWORD, World, eventually};
use serde_json::json;

#[tokio::test]
async fn who_guesses_a_password_is_slowed_down_whether_or_not_there_is_such_an_account() {
    let world = World::open().await;
    world.register("ann@example.org").await;
    for email in ["ann@example.org", "nobody@example.org"] {
        let mut statuses = vec![];
        for number in 0..8 {
            let body = json!({ "email": email, "password": format!("guess number {number}") });
            let login = world.gateway.request(reqwest::Method::POST, "/v1/auth/login").json(&body);
            let answer = login.send().await.unwrap();
            if answer.status() == 429 {
                let wait = answer.headers()["retry-after"].to_str().unwrap().parse::<u64>();
                assert!(wait.is_ok_and(|wait| wait >= 1));
            }
            statuses.push(answer.status().as_u16());
        }
        assert_eq!(&statuses[..5], &[401; 5], "{email}: {statuses:?}");
        assert!(statuses.contains(&429), "{email}: {statuses:?}");
    }
    // The right one has to wait as well, or a guess would be seen to be right. So long that it cannot be over by then.
    eventually("a long wait", async || {
        let body = json!({ "email": "ann@example.org", "password": "yet another guess" });
        let login = world.gateway.request(reqwest::Method::POST, "/v1/auth/login").json(&body);
        let answer = login.send().await.unwrap();
        let wait =
            answer.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse::<u64>().ok());
        wait.is_some_and(|wait| wait >= 7)
    })
    .await;
    assert_eq!(world.try_login("ann@example.org", PASSWORD).await.0, 429);
    // Somebody else, from the same address, has not.
    world.register("eve@example.org").await;
    assert_eq!(world.try_login("eve@example.org", PASSWORD).await.0, 200);
}

#[tokio::test]
async fn many_guesses_at_once_do_not_get_in_together() {
    let world = World::open().await;
    world.register("ann@example.org").await;
    let guesses = (0..40).map(|number| {
        let world = &world;
        async move { world.try_login("ann@example.org", &format!("guess number {number}")).await.0 }
    });
    let statuses = futures_util::future::join_all(guesses).await;
    assert!(statuses.iter().filter(|status| **status == 401).count() <= 6, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 401 | 429)), "{statuses:?}");
}

#[tokio::test]
async fn one_address_gets_few_mails_however_often_somebody_asks() {
    let world = World::open().await;
    for _ in 0..8 {
        let body = json!({ "email": "ann@example.org", "password": PASSWORD });
        assert_eq!(world.post("/v1/auth/register", "", &body).await.0, 202, "the answer does not tell");
    }
    let mails = world.mails("ann@example.org").await.len();
    assert!((1..=4).contains(&mails), "{mails} mails");
}
