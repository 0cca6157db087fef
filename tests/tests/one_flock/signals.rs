//! What leaves by OTLP: an order's trace is whole, the metrics are those that are documented, and nothing says who buys.

mod anew;
mod counted;
mod documented;
mod trace;

use documented::documented;
use futures_util::StreamExt;
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};
use tests::{Client, Flock, Order, Shape, eventually};
use tools::collector::{Collector, Received};
use trace::Trace;

/// What a customer tells us and nobody else.
const SECRETS: [&str; 4] = ["tok-marked-4711", "Marked Name 4711", "4711 Marked Road", "Markedville"];
/// Who has a part in every order that is confirmed.
const ALL: [&str; 5] = ["gateway", "orders", "inventory", "payments", "shipping"];
/// Fewer than the test asks for.
const AUTH_PER_MIN: &str = "5";

/// A flock that tells this collector everything.
async fn flock(collector: &Collector, set: (&'static str, &'static str)) -> Flock {
    let url = collector.url.clone();
    let start = move || {
        let extra = [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()), ("TRACE_RATIO", "1"), set];
        Flock::start(Shape::Together, &extra)
    };
    tokio::task::spawn_blocking(start).await.expect("the flock starts")
}

fn marked(sku: &str) -> Order {
    let [token, name, road, city] = SECRETS;
    Order::of(sku, 1)
        .with("/payment/token", json!(token))
        .with("/address/name", json!(name))
        .with("/address/line1", json!(road))
        .with("/address/city", json!(city))
}

/// Places an order; its id and the id of its trace.
async fn placed(customer: &Client, order: &Order) -> (String, String) {
    let answer = customer.place_as(&uuid::Uuid::new_v4().to_string(), order).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let trace = answer.headers["traceparent"].to_str().expect("it is traced").to_owned();
    (answer.body["order_id"].as_str().expect("an id").to_owned(), trace[3..35].to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orders_trace_is_whole_the_metrics_are_as_documented_and_nothing_says_who_buys() {
    let collector = Collector::start().await.expect("a port is free");
    let flock = flock(&collector, ("RATE_AUTH_PER_MIN", AUTH_PER_MIN)).await;
    let (customer, sku) = (flock.customer(), flock.product(1_000).await);

    let (confirmed, confirmed_trace) = placed(&customer, &marked(&sku)).await;
    customer.until(&confirmed, "confirmed").await;
    let (declined, declined_trace) = placed(&customer, &marked(&sku).paid_by("sandbox.declined")).await;
    customer.until(&declined, "cancelled").await;
    let (cancelled, _) = placed(&customer, &marked(&sku)).await;
    customer.until(&cancelled, "confirmed").await;
    let wish =
        customer.send(customer.request(reqwest::Method::DELETE, &format!("/v1/orders/{cancelled}"))).await;
    let cancelled_trace = wish.headers["traceparent"].to_str().expect("it is traced")[3..35].to_owned();
    customer.until(&cancelled, "cancelled").await;
    flock.until_event(&cancelled, "payment.refunded").await;

    let mut got = Received::default();
    Trace::until_whole(&collector, &mut got, &confirmed_trace, &confirmed, &ALL, "process order.confirmed")
        .await;
    Trace::until_whole(&collector, &mut got, &declined_trace, &declined, &ALL, "process order.cancelled")
        .await;
    let trace = Trace::until_whole(
        &collector,
        &mut got,
        &cancelled_trace,
        &cancelled,
        &ALL,
        "process payment.refunded",
    )
    .await;
    assert!(trace.is_marked("starling.compensation"), "{trace:?}");

    let (unsure, unsure_trace) = placed(&customer, &marked(&sku).paid_by("sandbox.answer_lost")).await;
    customer.until(&unsure, "confirmed").await;
    let trace =
        Trace::until_whole(&collector, &mut got, &unsure_trace, &unsure, &ALL, "process order.confirmed")
            .await;
    assert_eq!(trace.failures(), [("call payment_provider", "outcome unknown")]);
    assert_eq!(trace::of_batch(&got, &confirmed_trace, "batch orders"), ["commit", "load", "save"]);

    deliver_again(&flock, &customer, &sku).await;
    give_up(&flock).await;
    eventually("a quota is used up", async || {
        let login = json!({"email": "nobody@example.com", "password": "not a password"});
        customer.post("/v1/auth/login", &login).await.status == 429
    })
    .await;
    customer.get("/v1/listings/none").await;
    tokio::task::block_in_place(|| flock.audit());

    let documented = documented();
    let mut names = BTreeSet::new();
    eventually("every documented metric came", async || {
        trace::keep(&collector, &mut got);
        names.extend(got.metrics.iter().map(|metric| metric.name.clone()));
        let missing: Vec<_> = documented.difference(&names).collect();
        if !missing.is_empty() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        missing.is_empty()
    })
    .await;
    assert_eq!(names.difference(&documented).collect::<Vec<_>>(), Vec::<&String>::new(), "undocumented");
    counted::tell_again(&flock).await;
    counted::agrees(&collector, &mut got, &flock).await;
    let again = got.spans.iter().find(|span| trace::is_marked(span, "starling.redelivered"));
    let again = again.expect("what came again has a span");
    assert!(again.parent_span_id.is_empty() && !again.links.is_empty(), "{again:?}");
    let buried =
        got.spans.iter().find(|span| span.status.as_ref().is_some_and(|s| s.message == "unreadable"));
    assert!(buried.is_some(), "a dead letter's span has failed");
    says_nothing_personal(&got, &flock);
}

/// Nothing that left, and no line of the log, has any of it.
fn says_nothing_personal(got: &Received, flock: &Flock) {
    let log = std::fs::read(flock.process("all").log_path()).expect("the log can be read");
    let texts = [
        ("spans", format!("{:?}", got.spans)),
        ("logs", format!("{:?}", got.logs)),
        ("metrics", format!("{:?}", got.metrics)),
        ("the log", String::from_utf8_lossy(&log).into_owned()),
    ];
    for (what, text) in &texts {
        assert!(text.len() > 1_000, "{what} were looked at");
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret} is in {what}");
        }
    }
    // No label is an id: none is as long as one, or has as many digits.
    for metric in &got.metrics {
        for (name, value) in trace::labels(metric) {
            let digits = value.bytes().filter(u8::is_ascii_digit).count();
            assert!(digits <= 4, "{}: {name}={value} looks like an id", metric.name);
        }
    }
}

/// Takes a message out of a service's consumer and hands it back: it comes again.
async fn deliver_again(flock: &Flock, customer: &Client, sku: &str) {
    let nats = flock.nats().await;
    let inbox = nats.new_inbox();
    let mut taken = nats.subscribe(inbox.clone()).await.expect("it may listen");
    let order = marked(sku);
    eventually("a message was taken", async || {
        let ask = r#"{"batch":1,"expires":5000000000}"#;
        let next = "$JS.API.CONSUMER.MSG.NEXT.ORDER.inventory";
        let asked = nats.publish_with_reply(next, inbox.clone(), ask.into()).await;
        assert!(asked.is_ok() && nats.flush().await.is_ok());
        // Who has waited longest is served first, and then all in turn.
        for _ in 0..4 {
            customer.place(&order).await;
        }
        let message = tokio::time::timeout(Duration::from_secs(4), taken.next()).await;
        let Ok(Some(async_nats::Message { reply: Some(reply), .. })) = message else { return false };
        nats.publish(reply, "-NAK".into()).await.is_ok() && nats.flush().await.is_ok()
    })
    .await;
}

/// Sends what nobody can read, in a trace.
async fn give_up(flock: &Flock) {
    let nats = flock.nats().await;
    let mut headers = async_nats::HeaderMap::new();
    let trace = format!("00-{}-b7ad6b7169203331-01", uuid::Uuid::new_v4().simple());
    headers.insert(contracts::HEADER_TRACE, trace);
    let sent = nats.publish_with_headers("cmd.order.place", headers, "{".into()).await;
    assert!(sent.is_ok() && nats.flush().await.is_ok());
    let letters = || flock.dead_letters("orders");
    eventually("it was given up", async || !tokio::task::block_in_place(letters).is_empty()).await;
}
