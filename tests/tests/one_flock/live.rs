//! An order's events as they happen: in order, without gap or repetition, whoever comes and goes.

use futures_util::future::join_all;
use std::time::{Duration, Instant};
use tests::{Client, Flock, LiveEvent, Order};

/// Numbers without gap or repetition, beginning with `first`; data that says the same as the event's own lines.
#[track_caller]
fn assert_gapless(events: &[LiveEvent], first: i64) {
    let ids: Vec<i64> = events.iter().map(|event| event.id).collect();
    let expected: Vec<i64> = (first..).take(ids.len()).collect();
    assert_eq!(ids, expected, "{events:?}");
    for event in events {
        assert_eq!(
            (&event.data["seq"], event.data["event"].as_str()),
            (&event.id.into(), Some(event.event.as_str()))
        );
    }
}

/// An order that waits for its payment, and its stream, opened at once.
async fn followed(flock: &Flock, customer: &Client) -> (String, tests::Live) {
    let sku = flock.product(5).await;
    let order = customer.place(&Order::of(&sku, 1).paid_by("sandbox.pending")).await;
    let live = customer.follow(&order, None).await;
    (order, live)
}

#[tokio::test]
async fn an_orders_whole_life_is_told_live_and_the_stream_ends_with_it() {
    let flock = Flock::shared_by_all().await;
    let customer = flock.customer();
    let (order, mut live) = followed(flock, &customer).await;
    let mut events = live.until("payment.pending").await;
    assert_eq!(events[0].event, "order.created");
    flock.bank_says(&order, payments::sandbox::Settlement::Captured).await;
    events.extend(live.until("order.confirmed").await);
    flock.say(&order, "dispatched").await;
    events.extend(live.until("shipment.dispatched").await);
    flock.say(&order, "delivered").await;
    events.extend(live.to_the_end().await);
    assert_gapless(&events, 1);
    assert!(events.iter().any(|event| event.event == "order.completed"), "{events:?}");
}

#[tokio::test]
async fn an_event_is_told_as_it_happens_and_not_when_the_timeline_is_read_anyway() {
    // The gateway reads the timeline five seconds after it last did.
    const SOON: Duration = Duration::from_secs(3);
    let flock = Flock::shared_by_all().await;
    let customer = flock.customer();
    let mut waits = vec![];
    // A busy machine gets three tries.
    for _ in 0..3 {
        let (order, mut live) = followed(flock, &customer).await;
        live.until("payment.pending").await;
        let began = Instant::now();
        flock.bank_says(&order, payments::sandbox::Settlement::Captured).await;
        live.until("order.confirmed").await;
        waits.push(began.elapsed());
    }
    assert!(waits.iter().any(|wait| *wait < SOON), "{waits:?}");
}

#[tokio::test]
async fn a_cancelled_orders_stream_ends() {
    let flock = Flock::shared_by_all().await;
    let customer = flock.customer();
    let (order, mut live) = followed(flock, &customer).await;
    live.until("payment.pending").await;
    assert_eq!(customer.cancel(&order).await, 202);
    let events = live.to_the_end().await;
    assert!(events.iter().any(|event| event.event == "order.cancelled"), "{events:?}");
    // What came after is there for who comes back; and who has read all is told not to come again.
    let story = flock.until_event(&order, "stock.released").await;
    let story =
        if story.has("payment.voided") { story } else { flock.until_event(&order, "payment.voided").await };
    let all = customer.follow(&order, None).await.to_the_end().await;
    assert_gapless(&all, 1);
    assert_eq!(all.len(), story.0.len());
    let last = all.last().expect("events").id;
    assert_eq!(customer.follow_raw(&order, Some(last)).await.status(), 204);
}

#[tokio::test]
async fn a_stream_goes_on_where_it_broke_off_without_gap_or_repetition() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place_confirmed(&Order::of(&sku, 1)).await;
    let story = flock.story(&order).await;
    let last = i64::try_from(story.0.len()).expect("few");
    for cut in 0..last {
        let events = customer.follow(&order, Some(cut)).await.until("order.confirmed").await;
        assert_gapless(&events, cut + 1);
        assert_eq!(events.last().expect("events").id, last);
    }
}

#[tokio::test]
async fn a_client_that_breaks_off_after_every_event_misses_none() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place(&Order::of(&sku, 1)).await;
    let mut events: Vec<LiveEvent> = vec![];
    while events.last().is_none_or(|event| event.event != "order.confirmed") {
        let mut live = customer.follow(&order, events.last().map(|event| event.id)).await;
        events.push(live.next().await.expect("an event"));
    }
    assert_gapless(&events, 1);
    assert_eq!(events.len(), flock.story(&order).await.0.len());
}

#[tokio::test]
async fn many_who_follow_the_same_order_all_see_the_same() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place(&Order::of(&sku, 1)).await;
    let follow = async |_| customer.follow(&order, None).await.until("order.confirmed").await;
    let all = join_all((0..30).map(follow)).await;
    assert_gapless(&all[0], 1);
    assert!(all.iter().all(|events| *events == all[0]), "{all:?}");
}

#[tokio::test]
async fn anothers_order_is_not_told_and_support_may_listen() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place_confirmed(&Order::of(&sku, 1)).await;
    assert_eq!(flock.customer().follow_raw(&order, None).await.status(), 404);
    let support = flock.client(contracts::Role::Support);
    assert_gapless(&support.follow(&order, None).await.until("order.confirmed").await, 1);
}

#[tokio::test]
async fn an_event_id_that_is_no_number_is_refused() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place(&Order::of(&sku, 1)).await;
    let request = customer.request(reqwest::Method::GET, &format!("/v1/orders/{order}/events"));
    let answer = customer.send(request.header("last-event-id", "seven")).await;
    assert_eq!((answer.status.as_u16(), answer.body["field"].as_str()), (400, Some("Last-Event-ID")));
}

#[tokio::test]
async fn no_personal_data_is_in_an_orders_events() {
    let flock = Flock::shared_by_all().await;
    let (customer, sku) = (flock.customer(), flock.product(5).await);
    let order = customer.place(&Order::of(&sku, 1)).await;
    let events = customer.follow(&order, None).await.until("order.confirmed").await;
    let text = format!("{events:?}");
    for personal in ["Ada", "Buyer", "Test Road", "London", "N1 9GU"] {
        assert!(!text.contains(personal), "{personal} is in {text}");
    }
}
