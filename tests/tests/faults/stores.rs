//! MongoDB and Redis gone, hanging, or dead without a word: orders settle all the same; the payment log catches up
//! with everything; what the gateway remembers in Redis is a convenience, and what holds without it is what the
//! documents say.

use crate::{
    proxied::{LOSE, Proxied},
    selling::{BACK_WITHIN, BETWEEN},
    servers::{kill, ready, start_again},
};
use async_nats::jetstream::{self, consumer::PullConsumer};
use contracts::Role;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::{Answer, Order, eventually, eventually_within, is_long, lasting, measured};
use tokio::{task::block_in_place, time::sleep};
use tools::proxy::{End, Manner};
use uuid::Uuid;

/// How long a store is away, hangs, or loses what is sent.
fn away() -> Duration {
    lasting(Duration::from_secs(3), Duration::from_secs(60))
}

/// Requests that one customer makes at once: more than may be made.
const TOO_MANY: usize = 250;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_mongodb_and_redis_orders_settle_keys_and_limits_hold_and_the_payment_log_catches_up() {
    let world = Proxied::begin("stores", &[]).await;
    let servers = &world.selling.flock.servers;
    let (key, order) = (Uuid::new_v4().to_string(), Order::of(&world.other, 1));
    let before = accepted(&world.customer.place_as(&key, &order).await);
    world.customer.until(&before, "confirmed").await;

    kill(&servers.mongo);
    kill(&servers.redis);
    orders_without_stores(&world).await;
    // Of a key that came before, `orders` knows all the same.
    let again = accepted(&world.customer.place_as(&key, &order).await);
    let shown = world.customer.until(&again, "confirmed").await;
    assert_eq!(shown["order_id"], *before, "it is shown as the one that it stands for");
    // Whoever dies meanwhile has nothing in mind afterwards: what the log has not got yet must come to it again.
    block_in_place(|| world.selling.flock.process("all").kill()).expect("it can be killed");
    world.selling.flock.process("all").start_again().expect("it starts");
    world.selling.load.accepts(BETWEEN).await;
    sleep(away()).await;
    start_again(&servers.mongo);
    start_again(&servers.redis);
    both_are_used_again(&world, "a kill").await;

    if is_long() {
        both_behave(&world, Manner::Hang);
        orders_without_stores(&world).await;
        sleep(away()).await;
        both_behave(&world, Manner::Pass);
        both_are_used_again(&world, "hanging").await;

        both_behave(&world, Manner::Refuse);
        world.proxies.mongo.cut(End::Reset);
        world.proxies.redis.cut(End::Close);
        orders_without_stores(&world).await;
        both_behave(&world, Manner::Pass);
        both_are_used_again(&world, "cuts").await;
    }

    both_behave(&world, LOSE);
    orders_without_stores(&world).await;
    sleep(away()).await;
    both_behave(&world, Manner::Pass);
    both_are_used_again(&world, "dead connections").await;
    // The audit compares the log with everything that payments told.
    world.end_exactly().await;
}

fn both_behave(world: &Proxied, manner: Manner) {
    world.behave(|proxies| &proxies.mongo, manner);
    world.behave(|proxies| &proxies.redis, manner);
}

async fn both_are_used_again(world: &Proxied, after: &str) {
    tokio::join!(log_catches_up(world, after), redis_is_used_again(world, after));
}

/// What payments have told until now is in the log soon.
async fn log_catches_up(world: &Proxied, after: &str) {
    let began = Instant::now();
    let jetstream = jetstream::new(world.selling.flock.nats().await);
    let told = jetstream.get_stream("PAYMENT").await.expect("the stream of payment events");
    let told = told.get_info().await.expect("the stream's state").state.last_sequence;
    let keeper = jetstream.get_consumer_from_stream("payments-log", "PAYMENT").await;
    let mut keeper: PullConsumer = keeper.expect("the log's consumer");
    let mut kept = 0;
    eventually_within(BACK_WITHIN * 2, &format!("the log caught up after {after}"), async || {
        kept = keeper.info().await.expect("the consumer's state").ack_floor.stream_sequence;
        kept >= told
    })
    .await;
    measured(
        "stores",
        &format!("MongoDB: log caught up after {after}"),
        format_args!("{:?}", began.elapsed()),
    );
}

/// What docs/choreography.md and docs/operating.md say of a flock without Redis.
async fn orders_without_stores(world: &Proxied) {
    let flock = &world.selling.flock;
    let customer = flock.customer();
    // One key, three times: three ids, which stand for one order, paid once.
    let (key, order) = (Uuid::new_v4().to_string(), Order::of(&world.other, 1));
    let mut ids = vec![];
    for _ in 0..3 {
        ids.push(accepted(&customer.place_as(&key, &order).await));
    }
    // The same key with another body: accepted, since the gateway cannot know, and cancelled by `orders`.
    let conflict = accepted(&customer.place_as(&key, &Order::of(&world.other, 2)).await);
    for id in &ids {
        let shown = customer.until(id, "confirmed").await;
        assert_eq!(shown["order_id"], *ids[0], "each is shown as the first: {shown}");
    }
    let cancelled = customer.until(&conflict, "cancelled").await;
    assert_eq!(cancelled["reason"]["code"], "idempotency_conflict", "{cancelled}");
    let (mut kept, mut parcels) = (0, 0);
    for id in ids.iter().chain([&conflict]) {
        kept += flock.kept(id).await;
        parcels += flock.parcels(id).await;
    }
    assert_eq!((kept, parcels), (Order::PRICE, 1), "paid once, sent once");
    let mine = customer.get("/v1/orders/me").await.body;
    assert_eq!(
        mine["orders"].as_array().map(Vec::len),
        Some(2),
        "one order, and one that was refused: {mine}"
    );

    // Of an order that nobody knows nobody can say that it was not accepted just now.
    let unknown = customer.get(&format!("/v1/orders/{}", Uuid::now_v7())).await;
    assert_eq!(unknown.status, 404, "{unknown:?}");
    assert!(unknown.headers.contains_key("retry-after"), "{unknown:?}");

    // Limits are counted in the gateway, so they hold.
    let hasty = flock.customer();
    let answers = join_all((0..TOO_MANY).map(|_| hasty.get("/v1/orders/me"))).await;
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(!refused.is_empty(), "{TOO_MANY} requests at once are too many");
    assert!(refused.iter().all(|answer| answer.headers.contains_key("retry-after")));

    // Nobody is turned away: Redis is no condition for being ready.
    assert_eq!(ready(&customer).await.status, 200);
    world.selling.load.accepts(BETWEEN).await;
    let support = flock.client(Role::Admin);
    assert_eq!(support.cancel(&ids[2]).await, 202, "a duplicate stands for its order");
    customer.until(&ids[0], "cancelled").await;
}

/// A key that is repeated is known by the gateway itself: the same id, at once, and another body is refused.
async fn redis_is_used_again(world: &Proxied, after: &str) {
    let began = Instant::now();
    let customer = world.selling.flock.customer();
    let order = Order::of(&world.other, 1);
    let mut key = String::new();
    eventually_within(BACK_WITHIN, &format!("Redis is used again after {after}"), async || {
        key = Uuid::new_v4().to_string();
        let first = accepted(&customer.place_as(&key, &order).await);
        let again = customer.place_as(&key, &order).await;
        accepted(&again) == first && again.headers.contains_key("idempotency-replayed")
    })
    .await;
    measured("stores", &format!("Redis: used again after {after}"), format_args!("{:?}", began.elapsed()));
    let other = customer.place_as(&key, &Order::of(&world.other, 2)).await;
    assert_eq!(
        (other.status.as_u16(), &other.body["type"]),
        (422, &json!("/problems/idempotency-key-reused"))
    );
    eventually("no plain order is left open", async || {
        let mine = customer.get("/v1/orders/me").await.body;
        mine["orders"]
            .as_array()
            .is_some_and(|orders| orders.iter().all(|order| order["status"] == "confirmed"))
    })
    .await;
}

#[track_caller]
fn accepted(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.body["order_id"]
        .as_str()
        .unwrap_or_else(|| panic!("an id: {:?}", Value::clone(&answer.body)))
        .to_owned()
}
