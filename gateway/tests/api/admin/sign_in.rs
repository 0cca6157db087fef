//! Coming in at a page, by keyboard alone, and going out again.

use super::{
    driver::{Browser, ENTER, TAB},
    pages,
};
use crate::accounts::world::{PASSWORD, World};
use serde_json::json;

/// Presses Tab until an element has the focus.
async fn to(browser: &Browser, id: &str) {
    // More than a page has stops.
    for _ in 0..100 {
        browser.press(TAB).await;
        if browser.run("return document.activeElement.id").await == json!(id) {
            return;
        }
    }
    panic!("Tab does not lead to {id}");
}

#[tokio::test]
async fn an_admin_signs_in_by_keyboard_and_out_again() {
    let world = World::open().await;
    world.admin("boss@example.org").await;
    let browser = Browser::open().await;
    browser.visit(&format!("{}/admin/flock", world.gateway.base)).await;
    browser.until("!document.querySelector('#sign-in').hidden").await;
    pages::check(&browser, "sign-in", None).await;

    to(&browser, "email").await;
    browser.press("boss@example.org").await;
    to(&browser, "password").await;
    browser.press("wrong").await;
    browser.press(ENTER).await;
    browser.until("!document.querySelector('#notice').hidden").await;
    assert_eq!(browser.run("return document.querySelector('#notice').role").await, json!("alert"));
    // The browser notes the refusal.
    assert!(browser.log().await.iter().all(|line| line.contains("401")));
    browser
        .run("document.querySelector('#password').value = ''; document.querySelector('#email').focus()")
        .await;
    to(&browser, "password").await;
    browser.press(PASSWORD).await;
    browser.press(ENTER).await;
    browser.until("!document.querySelector('#content').hidden").await;
    assert_eq!(browser.run("return document.activeElement.id").await, json!("title"));
    assert_eq!(browser.run("return document.querySelector('#password').value").await, json!(""));
    let kept = "return [Object.keys(sessionStorage), Object.keys(localStorage), document.cookie]";
    assert_eq!(browser.run(kept).await, json!([["starling.token"], [], ""]));
    let token =
        browser.run("return sessionStorage.getItem('starling.token')").await.as_str().unwrap().to_owned();
    assert_eq!(world.get("/v1/users/me", &token).await.0, 200);

    to(&browser, "sign-out").await;
    browser.press(ENTER).await;
    browser.until("!document.querySelector('#sign-in').hidden").await;
    assert_eq!(browser.run(kept).await, json!([[], [], ""]));
    crate::accounts::world::eventually("its session has ended", async || {
        world.get("/v1/users/me", &token).await.0 == 401
    })
    .await;
    assert_eq!(browser.log().await, [""; 0]);
}
