//! Good orders while poison keeps coming: they are confirmed all the same, and not much later than without it.

use super::{Poison, heard, small_poisons};
use crate::selling::{STOCK, alone};
use async_nats::jetstream;
use contracts::{
    HEADER_ID, HEADER_SUBJECT, Message, MessageId, MessageInfo, PaymentAnswered, ShipmentAnswered,
    ShipmentScheduled, StockReserved,
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tests::{Flock, Load, Order, Pulse, Shape, eventually, is_long, measured};
use tokio::task::{JoinSet, block_in_place};
use uuid::Uuid;

/// Orders, one after the other, without poison and with it; in the long run.
const ORDERS: [usize; 2] = [5, 300];
/// Good orders in each second besides.
const PER_S: u32 = 60;
/// Pause between two poisoned messages: dozens a second.
const PAUSE: Duration = Duration::from_millis(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_poison_keeps_coming_good_orders_are_confirmed_as_soon_as_ever() {
    let _alone = alone().await;
    let flock = Flock::start_own(Shape::Together, &[]).await;
    let sku = flock.product(STOCK).await;
    let load = Load::begin(&flock, &sku, PER_S);
    let orders = ORDERS[usize::from(is_long())];
    let calm = Pulse::begin(&flock).await;
    calm.beats(orders).await;
    let calm = calm.end().await;

    let (stop, mut poisoning) = (Arc::<AtomicBool>::default(), JoinSet::new());
    poisoning.spawn(keep_poisoning(jetstream::new(flock.nats().await), stop.clone()));
    let pulse = Pulse::begin(&flock).await;
    // Each of them is placed and confirmed between two poisoned messages: none waits for the end of the poison.
    pulse.beats(orders).await;
    assert!(poisoning.try_join_next().is_none(), "poison is still coming");
    stop.store(true, Ordering::Relaxed);
    let poisoned = pulse.end().await;
    let expected = poisoning.join_next().await.expect("there is one task").expect("all poison was stored");
    println!("without poison: {calm}");
    println!("with poison: {poisoned}");
    let added = poisoned.percentile(99).saturating_sub(calm.percentile(99));
    measured("poison", "added to p99 from request to confirmed", format_args!("{} ms", added.as_millis()));
    assert_eq!(poisoned.refusals, Vec::<String>::new());
    for (service, letters) in expected {
        assert!(letters > 0, "{service} was poisoned");
        let db = flock.database(service).await;
        eventually(&format!("{letters} dead letters of {service}"), async || {
            let count = sqlx::query_scalar("select count(*) from dead_letter").fetch_one(&db).await;
            let count: i64 = count.expect("the database answers");
            usize::try_from(count) == Ok(letters)
        })
        .await;
    }
    impossible_facts(&flock).await;
    let sales = load.end().await;
    println!("{} good orders", sales.bought.len());
    sales.assert_exact(&flock, STOCK).await;
}

/// Sends one poison after the other to one subject after the other; how many dead letters that makes, by service.
async fn keep_poisoning(stream: jetstream::Context, stop: Arc<AtomicBool>) -> BTreeMap<&'static str, usize> {
    let (subjects, mut letters) = (heard(), BTreeMap::new());
    for (number, (subject, services)) in subjects.iter().cycle().enumerate() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let mut poisons = small_poisons();
        let poison = poisons.swap_remove(number / subjects.len() % poisons.len());
        let sent = stream.publish_with_headers(*subject, poison.headers, poison.body.into()).await;
        let stored = sent.expect("it is sent").await;
        assert!(stored.is_ok(), "{} is stored on {subject}: {stored:?}", poison.what);
        for service in services {
            *letters.entry(*service).or_default() += 1;
        }
        tokio::time::sleep(PAUSE).await;
    }
    letters
}

/// Messages that are right in every field, and cannot be true: each is in the list of the service that knows better,
/// with its reason, and the order that they are about stays as it is.
async fn impossible_facts(flock: &Flock) {
    // However many there are already, the newest is in the list.
    let many = "insert into dead_letter (message_id, subject, stream, sequence, headers, body, error, at)
                select gen_random_uuid(), 'nothing', 'NONE', n, '[]', '', 'one of many', now() - interval '1 day'
                from generate_series(1, 1500) n";
    sqlx::query(many).execute(&flock.database("orders").await).await.expect("many dead letters");
    let mut facts =
        flock.tap(&["stock.reserved", "shipment.scheduled", "payment.answered", "shipment.answered"]).await;
    let (customer, sku) = (flock.customer(), flock.product(1).await);
    let order = customer.place_confirmed(&Order::of(&sku, 1)).await;
    let story = flock.story(&order).await;
    let stream = jetstream::new(flock.nats().await);
    let about = |info: &MessageInfo, count| {
        let order = Uuid::parse_str(&order).expect("an order id is a UUID");
        MessageId::about(order, info.code, count)
    };
    let stranger = MessageId(Uuid::new_v4());
    let answer = |info| (about(info, 99), Some(("attempt", json!(99))));
    for (subject, service, (id, change), why) in [
        (StockReserved::INFO.subject, "orders", (stranger, None), "its id is not made of its order's"),
        (
            ShipmentScheduled::INFO.subject,
            "orders",
            (about(ShipmentScheduled::INFO, 99), None),
            "told a second time under another id",
        ),
        (
            PaymentAnswered::INFO.subject,
            "payments",
            answer(PaymentAnswered::INFO),
            "attempt 99 was never made",
        ),
        (
            ShipmentAnswered::INFO.subject,
            "shipping",
            answer(ShipmentAnswered::INFO),
            "that was never recorded",
        ),
    ] {
        let told = |passed: &tests::Passed| passed.subject == subject && passed.body["order_id"] == order;
        let mut body = facts.until(subject, told).await.body;
        if let Some((field, value)) = change {
            body[field] = value;
        }
        let poison = Poison::new("what cannot be true", body.to_string())
            .with(HEADER_ID, id.to_string())
            .with(HEADER_SUBJECT, order.clone());
        let sent = stream.publish_with_headers(subject, poison.headers, poison.body.into()).await;
        sent.expect("it is sent").await.expect("it is stored");
        eventually(&format!("{service} gives up an impossible {subject}: {why}"), async || {
            let letters = block_in_place(|| flock.dead_letters(service));
            letters.iter().any(|letter| {
                letter["subject"] == subject
                    && letter["error"].as_str().is_some_and(|error| error.contains(why))
            })
        })
        .await;
    }
    assert_eq!(customer.order(&order).await["status"], "confirmed");
    assert_eq!(flock.kept(&order).await, Order::PRICE);
    assert_eq!(flock.story(&order).await.count("order.confirmed"), story.count("order.confirmed"));
}
