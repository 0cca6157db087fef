//! The live picture of the flock: what it is made of, and its page in a browser.

use super::{
    driver::{Browser, ENTER, TAB},
    order_page::open,
    pages,
    story::Shop,
};
use crate::gateway::{Gateway, order, told};
use contracts::Role;
use futures_util::{Stream, StreamExt};
use gateway::Settings;
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// The pulses of a stream.
fn pulses(response: Response) -> impl Stream<Item = Value> + Unpin {
    assert_eq!(response.status(), 200);
    let parts = response.bytes_stream().scan(String::new(), |text, part| {
        text.push_str(&String::from_utf8_lossy(&part.unwrap()));
        let mut found = vec![];
        while let Some((event, rest)) = text.split_once("\n\n") {
            let data = event.lines().find_map(|line| line.strip_prefix("data:"));
            found.extend(data.map(|data| serde_json::from_str(data).unwrap()));
            *text = rest.to_owned();
        }
        std::future::ready(Some(futures_util::stream::iter(found)))
    });
    Box::pin(parts.flatten())
}

async fn listen(gateway: &Gateway) -> impl Stream<Item = Value> + Unpin {
    pulses(gateway.admin(Method::GET, "/v1/flock/events").send().await.unwrap())
}

fn consumer<'p>(pulse: &'p Value, service: &str, stream: &str) -> &'p Value {
    let all = pulse["consumers"].as_array().unwrap();
    all.iter().find(|one| one["service"] == service && one["stream"] == stream).unwrap()
}

#[tokio::test]
async fn the_graph_says_who_tells_what_to_whom() {
    let gateway = Gateway::start().await;
    let (status, graph) = told(gateway.admin(Method::GET, "/v1/flock").send().await.unwrap()).await;
    assert_eq!(status, 200);
    let of = |subject: &str| {
        let all = graph["subjects"].as_array().unwrap();
        all.iter().find(|one| one["subject"] == subject).unwrap().clone()
    };
    let placed = of("cmd.order.place");
    assert_eq!((&placed["told_by"], &placed["heard_by"]), (&json!(["gateway"]), &json!(["orders"])));
    assert_eq!((&placed["stream"], &placed["command"]), (&json!("COMMANDS"), &json!(true)));
    let created = of("order.created");
    assert_eq!((&created["told_by"], &created["heard_by"]), (&json!(["orders"]), &json!(["inventory"])));
    assert!(
        graph["consumers"].as_array().unwrap().contains(&json!({ "service": "orders", "stream": "STOCK" }))
    );
}

#[tokio::test]
async fn a_pulse_tells_what_went_through_and_who_is_behind() {
    let gateway = Gateway::start().await;
    let mut pulses = listen(&gateway).await;
    let first = pulses.next().await.unwrap();
    assert_eq!((&first["over_ms"], &first["silent"]), (&json!(0), &json!([])), "{first}");
    assert_eq!(consumer(&first, "orders", "COMMANDS")["waiting"], 0);
    let customer = gateway.token(Role::Customer);
    for key in ["a", "b", "c"] {
        assert_eq!(gateway.order(&customer, key, &order()).send().await.unwrap().status(), 202);
    }
    // Nobody runs: what is placed waits, and was told in one of the next looks.
    let (mut told, mut waiting) = (0, 0);
    while told < 3 {
        let pulse = pulses.next().await.unwrap();
        told += pulse["told"]["cmd.order.place"].as_u64().unwrap();
        waiting = consumer(&pulse, "orders", "COMMANDS")["waiting"].as_u64().unwrap();
        assert!(pulse["over_ms"].as_u64() > Some(0), "{pulse}");
    }
    assert_eq!((told, waiting), (3, 3));
}

#[tokio::test]
async fn all_who_listen_share_one_poller_which_ends_with_the_last() {
    let gateway = Gateway::start().await;
    let mut first = listen(&gateway).await;
    let seen = first.next().await.unwrap();
    let mut second = listen(&gateway).await;
    let (next, other) = (first.next().await.unwrap(), second.next().await.unwrap());
    // The second gets what is known, or what is seen just now; never a look of its own, which would be over no time.
    assert!(other == seen || other == next, "{other}");
    assert_ne!(next["over_ms"], 0);
    drop((first, second));
    // Who comes after the poller has ended begins anew. Until then it may still be the old one's.
    let began = std::time::Instant::now();
    loop {
        let mut again = listen(&gateway).await;
        let pulse = again.next().await.unwrap();
        if pulse["over_ms"] == 0 {
            assert_ne!(pulse["at"], seen["at"]);
            break;
        }
        drop(again);
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "the poller goes on for nobody");
        // Longer than one round of it.
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    }
}

#[tokio::test]
async fn the_flock_is_shown_as_it_flies() {
    let shop = Shop::open(Settings::default()).await;
    let browser = Browser::open().await;
    open(&browser, &format!("{}/admin/flock", shop.gateway.base), &shop.gateway.token(Role::Support)).await;
    browser.until("document.querySelector('#facts').innerText.includes('As of')").await;
    // Inventory does not run in this test: what it should hear waits for it.
    let id = shop.place().await;
    shop.nonsense(id).await;
    let row = |service: &str| {
        format!(
            "[...document.querySelectorAll('#services tbody tr')].find(row => row.cells[0].innerText === '{service}')"
        )
    };
    browser.until(&format!("{}.cells[2].innerText !== '0'", row("inventory"))).await;
    browser.until(&format!("{}.cells[3].innerText === '1'", row("orders"))).await;
    browser
        .until(
            "document.querySelector('[aria-labelledby=stream-PAYMENT]').innerText.includes('1 dead letter')",
        )
        .await;
    browser.until("document.querySelectorAll('.ways path.flows').length > 0").await;

    // A message is chosen with the keyboard: its ways stand out, and are said.
    let created = "[...document.querySelectorAll('button.node')].find(one => one.innerText.startsWith('order.created'))";
    for _ in 0..60 {
        browser.press(TAB).await;
        if browser.run(&format!("return document.activeElement === {created}")).await == json!(true) {
            break;
        }
    }
    browser.press(ENTER).await;
    assert_eq!(browser.run(&format!("return {created}.ariaPressed")).await, json!("true"));
    let panel = browser.text("[aria-labelledby=stream-ORDER]").await;
    assert!(panel.contains("order.created: told by orders · heard by inventory"), "{panel}");
    assert_eq!(browser.run("return document.querySelectorAll('.ways path.lit').length").await, json!(2));
    // What moves by itself can be stopped.
    browser.run("document.querySelector('#pause').click()").await;
    assert_eq!(browser.run("return document.querySelector('#pause').ariaPressed").await, json!("true"));
    pages::check(&browser, "flock", None).await;
}
