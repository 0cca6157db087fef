//! An order's page in a browser.

use super::{
    driver::{Browser, DESKTOP, PHONE},
    pages,
    story::{HOSTILE, Shop, TRACE},
};
use contracts::Role;
use gateway::Settings;
use serde_json::json;

/// Opens a page as who has this token.
pub async fn open(browser: &Browser, url: &str, token: &str) {
    browser.visit(url).await;
    browser.run(&format!("sessionStorage.setItem('starling.token', {})", json!(token))).await;
    browser.visit(url).await;
}

#[tokio::test]
async fn an_order_is_explained_on_one_page() {
    let url = "https://grafana.example/trace/{trace}?org=1&x=2";
    let shop = Shop::open(Settings { gateway_trace_url: url.to_owned(), ..Settings::default() }).await;
    let id = shop.whole_story().await;
    let browser = Browser::open().await;
    open(
        &browser,
        &format!("{}/admin/orders/{id}/timeline", shop.gateway.base),
        &shop.gateway.token(Role::Support),
    )
    .await;
    browser.until("document.querySelectorAll('#events li').length > 10").await;

    let facts = browser.text("#facts").await;
    assert!(facts.contains("cancelled") && facts.contains("by admin"), "{facts}");
    let events = browser.text("#events").await;
    for told in [
        "#1",
        "order.created",
        "inventory",
        "because of cmd.order.place",
        "compensation",
        "£2.00",
        "waited ",
        "worked ",
    ] {
        assert!(events.contains(told), "{told}: {events}");
    }
    // Effects by the links to their causes.
    let caused = |event: &str, by: &str| {
        format!(
            "[...document.querySelectorAll('#events li')].some(one => one.querySelector('h3').innerText === '{event}' \
             && one.querySelector('.why').innerText.includes('{by}'))"
        )
    };
    for (event, by) in [
        ("stock.reserved", "order.created"),
        ("payment.captured", "payment.answered, likely after #"),
        ("order.cancelled", "shipment.cancelled"),
        ("stock.released", "order.cancelled"),
    ] {
        assert_eq!(
            browser.run(&format!("return {}", caused(event, by))).await,
            json!(true),
            "{event} by {by}: {events}"
        );
    }
    // An arrow for each cause that is known, and its tip; those that are likely besides.
    let arrows = "return [document.querySelectorAll('.arrows path.tip').length, document.querySelectorAll('.arrows .guess.tip').length]";
    let arrows = browser.run(arrows).await;
    assert!(arrows[0].as_u64() >= Some(11) && arrows[1].as_u64() >= Some(2), "{arrows}");

    let money = browser.text("#money").await;
    assert!(money.contains("captured") && money.contains("refunded") && money.contains("−£2.00"), "{money}");
    let stock = browser.text("#stock").await;
    assert!(stock.contains(HOSTILE) && stock.contains("put back"), "{stock}");
    let link = browser.run("return document.querySelector('#traces a').href").await;
    assert_eq!(link, json!(format!("https://grafana.example/trace/{TRACE}?org=1&x=2")));

    // What is hostile in names is text.
    assert!(events.contains(HOSTILE), "{events}");
    assert_eq!(browser.run("return document.images.length + document.scripts.length").await, json!(1));
    pages::check(&browser, "order", Some("/v1/payments/")).await;
}

#[tokio::test]
async fn the_page_follows_an_order_that_is_under_way() {
    let shop = Shop::open(Settings::default()).await;
    let id = shop.place().await;
    let browser = Browser::open().await;
    open(
        &browser,
        &format!("{}/admin/orders/{id}/timeline", shop.gateway.base),
        &shop.gateway.token(Role::Admin),
    )
    .await;
    browser.until("document.querySelector('#events').innerText.includes('order.created')").await;
    assert!(browser.text("#money").await.contains("No money has moved."));
    browser.width(PHONE).await;
    shop.tell::<contracts::StockRejected, contracts::OrderCreated>(
        id,
        0,
        &json!({ "shortages": [{ "sku": HOSTILE, "wanted": 2, "available": 1 }] }),
        0,
    )
    .await;
    browser.until("document.querySelector('#events').innerText.includes('order.cancelled')").await;
    let stock = browser.text("#stock").await;
    assert!(stock.contains("wanted 2, there were 1"), "{stock}");
    let news = browser.run("return document.querySelector('#news').textContent").await;
    assert!(news.as_str().unwrap().contains("cancelled"), "it is said to who does not see: {news}");
    browser.width(DESKTOP).await;
    // Payments is not there in this test, and the page says so rather than fail; the browser notes the answer.
    assert!(browser.text("#money").await.contains("Payments does not answer"));
    let log = browser.log().await;
    assert!(log.iter().all(|line| line.contains("/v1/payments/") && line.contains(" 503 ")), "{log:?}");
}

#[tokio::test]
async fn who_may_not_see_an_order_is_told_so_and_shown_nothing() {
    let shop = Shop::open(Settings::default()).await;
    let id = shop.place().await;
    let browser = Browser::open().await;
    let url = format!("{}/admin/orders/{id}/timeline", shop.gateway.base);
    open(&browser, &url, &shop.customer).await;
    browser.until("!document.querySelector('#notice').hidden").await;
    let notice = browser.text("#notice").await;
    assert!(notice.contains("support, admin or service"), "{notice}");
    assert_eq!(browser.run("return sessionStorage.length").await, json!(0));
    assert_eq!(browser.run("return document.querySelector('#events').children.length").await, json!(0));
    let unknown = contracts::OrderId::from_v7(uuid::Uuid::now_v7());
    let url = format!("{}/admin/orders/{unknown}/timeline", shop.gateway.base);
    open(&browser, &url, &shop.gateway.token(Role::Admin)).await;
    browser.until("document.querySelector('#notice').innerText.includes('no such order')").await;
}
