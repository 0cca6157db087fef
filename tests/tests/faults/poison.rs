//! Messages that no service can make anything of, in the middle of good ones: they hurt only themselves.

mod meanwhile;

use crate::selling::{STOCK, alone};
use async_nats::{HeaderMap, HeaderName, jetstream};
use bytes::Bytes;
use contracts::{HEADER_ID, Message, MessageId, PlaceOrder};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::{Flock, Load, Order, Shape, eventually};
use tokio::task::block_in_place;
use uuid::Uuid;

/// Good orders that are placed in each second.
const PER_S: u32 = 60;
/// Good orders that must be accepted after the poison.
const AFTER: usize = 120;
/// What a message's headers take: the line before them, the empty one after them, and what is around each.
const HEADERS_BYTES: [usize; 2] = [12, 4];

/// A message that is sent to a stream as it is.
struct Poison {
    what: &'static str,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Poison {
    /// With an id, as every message of the flock has one.
    fn new(what: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { what, headers: HeaderMap::new(), body: body.into() }
            .with(HEADER_ID, Uuid::new_v4().to_string())
    }

    fn without_id(what: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { what, headers: HeaderMap::new(), body: body.into() }
    }

    /// As large as the server lets through, with its headers.
    fn largest(what: &'static str, max_payload: usize) -> Self {
        let mut poison = Self::new(what, "");
        let each = |(name, values): (&HeaderName, &Vec<async_nats::HeaderValue>)| -> usize {
            values.iter().map(|value| AsRef::<str>::as_ref(name).len() + value.as_str().len()).sum()
        };
        let [around, each_around] = HEADERS_BYTES;
        let headers: usize = poison.headers.iter().map(|header| each(header) + each_around).sum();
        poison.body = vec![b'x'; max_payload - around - headers];
        poison
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let value: String = value.into();
        self.headers.insert(HeaderName::from_static(name), async_nats::HeaderValue::from(value));
        self
    }
}

/// Nothing of it is a message of any type.
fn poisons(max_payload: usize) -> Vec<Poison> {
    let mut poisons = small_poisons();
    poisons.push(Poison::largest("the largest message that the server lets through", max_payload));
    poisons
}

fn small_poisons() -> Vec<Poison> {
    vec![
        Poison::new("nothing", ""),
        Poison::new("not JSON", r#"{"order_id": "#),
        Poison::new("not text", vec![0xff, 0xfe, 0x00, 0x80]),
        Poison::new("another schema", r#"{"hello": "world"}"#),
        Poison::new("no object", "[1, 2, 3]"),
        Poison::new("null", "null"),
        Poison::new("nested very deeply", [vec![b'['; 20_000], vec![b']'; 20_000]].concat()),
        Poison::new(
            "a character that Postgres cannot store",
            r#"{"a\u0000b": "\u0000", "order_id": "\u0000"}"#,
        ),
        Poison::new(
            "a name that MongoDB does not like",
            r#"{"$set": {"a.b": 1, "$where": {"": 18446744073709551615}}}"#,
        ),
        Poison::without_id("without an id", r#"{"who": "am I"}"#),
        Poison::without_id("an id that is none", "{}").with(HEADER_ID, format!("no. {}", Uuid::new_v4())),
        Poison::new("a header that Postgres cannot store", "{}").with("odd", "a\u{0}b"),
        Poison::new("a header as large as a stream takes, which grows in a dead letter", "{}")
            .with("long", "\u{1}".repeat(60 << 10)),
    ]
}

/// A placement that is right but for one value that cannot be.
fn impossible_placements() -> Vec<Vec<u8>> {
    let good = json!({
        "order_id": Uuid::now_v7(), "customer_id": Uuid::new_v4(), "idempotency_key": "k", "body_hash": "0".repeat(64),
        "currency": "GBP", "lines": [{"sku": "A", "quantity": 1, "unit_price": 100}],
        "address": {"name": "Ada", "line1": "1 Road", "city": "London", "postal_code": "N1", "country": "GB"},
        "payment": {"method": "sandbox.succeeds"},
    });
    assert!(serde_json::from_value::<PlaceOrder>(good.clone()).is_ok(), "right but for what follows: {good}");
    let wrong: [(&str, Value); 8] = [
        ("/lines/0/quantity", json!(0)),
        ("/lines/0/quantity", json!(-1)),
        ("/lines/0/quantity", json!(1_000_000_000_000_i64)),
        ("/lines/0/unit_price", json!(-5)),
        ("/lines/0/unit_price", json!(1.5)),
        ("/currency", json!("pounds")),
        ("/address/country", json!("England")),
        ("/address/name", json!("x".repeat(10_000))),
    ];
    let spoil = |(pointer, value): (&str, Value)| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).expect("it is there") = value;
        assert!(serde_json::from_value::<PlaceOrder>(body.clone()).is_err(), "{pointer} is wrong: {body}");
        body.to_string().into_bytes()
    };
    wrong.into_iter().map(spoil).collect()
}

/// Every subject that is heard, with the services that keep dead letters of it.
fn heard() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut subjects: BTreeMap<&str, Vec<&'static str>> = BTreeMap::new();
    for service in starling::flock::wiring().services {
        for heard in service.hears {
            subjects.entry(heard.subject).or_default().extend(service.keeps.then_some(service.name));
        }
    }
    subjects
}

/// Sends poison to every subject that a service hears; how many dead letters that makes, by service.
async fn poison_all(flock: &Flock) -> BTreeMap<&'static str, usize> {
    let nats = flock.nats().await;
    let max_payload = nats.server_info().max_payload;
    let stream = jetstream::new(nats);
    let subjects = heard();
    let mut letters = BTreeMap::new();
    let mut send = async |subject: &str, poison: Poison| {
        let sent =
            stream.publish_with_headers(subject.to_owned(), poison.headers, Bytes::from(poison.body)).await;
        let stored = async { sent.ok()?.await.ok() }.await;
        assert!(stored.is_some(), "{} is stored on {subject}", poison.what);
        for service in subjects.get(subject).into_iter().flatten() {
            *letters.entry(*service).or_default() += 1;
        }
    };
    for subject in subjects.keys() {
        for poison in poisons(max_payload) {
            send(subject, poison).await;
        }
    }
    let mut too_large = Poison::largest("one byte more", max_payload);
    too_large.body.push(b'x');
    let sent = stream.publish_with_headers("order.created", too_large.headers, too_large.body.into()).await;
    assert!(sent.is_err(), "the largest is the largest");
    for body in impossible_placements() {
        send(PlaceOrder::INFO.subject, Poison::new("an impossible value", body)).await;
    }
    letters
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poison_in_every_stream_becomes_dead_letters_and_good_orders_go_on() {
    let _alone = alone().await;
    let flock = Flock::start_own(Shape::Together, &[]).await;
    let sku = flock.product(STOCK).await;
    let load = Load::begin(&flock, &sku, PER_S);
    load.accepts(AFTER / 2).await;
    let expected = poison_all(&flock).await;
    load.accepts(AFTER).await;
    let other = flock.product(1).await;
    flock.customer().place_confirmed(&Order::of(&other, 1)).await;

    for (service, letters) in &expected {
        let db = flock.database(service).await;
        eventually(&format!("{letters} dead letters of {service}"), async || {
            let count = sqlx::query_scalar("select count(*) from dead_letter").fetch_one(&db).await;
            let count: i64 = count.expect("the database answers");
            usize::try_from(count) == Ok(*letters)
        })
        .await;
        let listed = block_in_place(|| flock.dead_letters(service));
        assert_eq!(listed.len(), *letters, "all are listed");
        for letter in &listed {
            let known = starling::flock::wiring().services.iter().any(|one| {
                one.name == *service && one.hears.iter().any(|heard| letter["subject"] == heard.subject)
            });
            assert!(known && letter["service"] == *service, "{letter}");
            assert!(letter["error"].as_str().is_some_and(|error| !error.is_empty()), "it says why: {letter}");
            assert!(letter["body"].is_null(), "a list shows no bodies: {letter}");
        }
        println!("{service}: {letters} dead letters");
    }

    // Those of one subject in detail: shown whole, whatever their bytes are.
    let letters = block_in_place(|| flock.dead_letters("inventory"));
    let receipts: Vec<&str> = letters
        .iter()
        .filter(|letter| letter["subject"] == "cmd.stock.receive")
        .map(|letter| letter["message_id"].as_str().expect("an id"))
        .collect();
    let mut bodies = vec![];
    for id in &receipts {
        let shown = block_in_place(|| flock.dead_letter("inventory", id));
        assert!(shown["headers"].is_array(), "{shown}");
        bodies.push(shown["body"].as_str().unwrap_or_else(|| panic!("no body: {shown}")).to_owned());
    }
    assert!(bodies.iter().any(|body| body == "[1, 2, 3]"), "as it came");
    assert!(
        bodies.iter().any(|body| body == "\u{fffd}\u{fffd}\0\u{fffd}"),
        "what is not text, as far as it is"
    );
    // Still dead after a redrive, which says so.
    let id = receipts[0];
    let (good, said) = block_in_place(|| flock.redrive("inventory", id));
    assert!(!good && said.contains("still dead") && said.contains(id), "{said}");
    // So has every other, however large.
    let (good, said) = block_in_place(|| flock.redrive("inventory", "--all"));
    let all = format!("{0} redriven, {0} of them still dead", letters.len());
    assert!(!good && said.contains(&all), "{said}");
    let large = letters.iter().filter_map(|letter| letter["message_id"].as_str());
    let max_payload = flock.nats().await.server_info().max_payload;
    let size = format!("of {} bytes", Poison::largest("", max_payload).body.len());
    let large = large.filter(|id| {
        let body = block_in_place(|| flock.dead_letter("inventory", id))["body"].take();
        body.as_str().is_some_and(|body| body.starts_with("xxx") && body.contains(&size))
    });
    assert_eq!(large.count(), 5, "one for each subject, of which the beginning is shown");
    let unknown = MessageId(Uuid::new_v4()).to_string();
    let (good, said) = block_in_place(|| flock.redrive("inventory", &unknown));
    assert!(!good && said.contains("dead letter"), "a wrong id is told: {said}");

    let sales = load.end().await;
    println!("{} good orders", sales.bought.len());
    sales.assert_exact(&flock, STOCK).await;
}

/// What a service's operator broke, so that one order cannot be stored there.
struct Accident {
    service: &'static str,
    table: &'static str,
    /// What a row of the table must not be: says something of the order of the accident alone.
    check: &'static str,
}

/// All orders of accidents have their price, city and SKU in common with no other order.
const ACCIDENTS: [Accident; 4] = [
    Accident { service: "orders", table: "customer_order", check: "total <> 77701" },
    Accident { service: "inventory", table: "stock", check: "sku not like 'T-%' or reserved <> 3" },
    Accident { service: "payments", table: "payment", check: "total <> 77703" },
    Accident { service: "shipping", table: "destination", check: "address ->> 'city' <> 'Nowhere'" },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_one_service_could_not_store_is_redriven_there_and_its_order_is_confirmed_once() {
    let _alone = alone().await;
    let flock = Flock::start_own(Shape::Together, &[]).await;
    let customer = flock.customer();
    let good = flock.product(STOCK).await;
    for Accident { service, table, check } in ACCIDENTS {
        let (price, quantity) = match service {
            "orders" => (77_701, 1),
            "payments" => (77_703, 1),
            _ => (Order::PRICE, 3),
        };
        let sku = flock.product_for(price, "GBP", 10).await;
        let order = Order::of(&sku, quantity)
            .with("/lines/0/unit_price", json!(price))
            .with("/address/city", json!(if service == "shipping" { "Nowhere" } else { "London" }));
        let db = flock.database(service).await;
        let run = async |sql: String| {
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&db).await.expect("the table is changed")
        };
        run(format!("alter table {table} add constraint an_accident check ({check}) not valid")).await;
        let order = customer.place(&order).await;
        let mut letters = vec![];
        eventually(&format!("a dead letter of {service}"), async || {
            letters = block_in_place(|| flock.dead_letters(service));
            !letters.is_empty()
        })
        .await;
        assert_eq!(letters.len(), 1, "of the one that is at fault: {letters:?}");
        let letter = &letters[0];
        assert!(
            letter["error"].as_str().is_some_and(|error| error.contains("an_accident")),
            "it says why: {letter}"
        );
        customer.place_confirmed(&Order::of(&good, 1)).await;
        assert_ne!(customer.order(&order).await["status"], "confirmed");

        // In vain while the cause is there; then once and for all.
        let id = letter["message_id"].as_str().expect("an id");
        let (done, said) = block_in_place(|| flock.redrive(service, id));
        assert!(!done && said.contains("still dead"), "{service}: {said}");
        run(format!("alter table {table} drop constraint an_accident")).await;
        let (done, said) = block_in_place(|| flock.redrive(service, "--all"));
        assert!(done && said.contains("1 redriven, 0 of them still dead"), "{service}: {said}");
        customer.until(&order, "confirmed").await;
        assert!(block_in_place(|| flock.dead_letters(service)).is_empty(), "none is left");
        // A second redrive finds nothing to do.
        let (_done, _said) = block_in_place(|| flock.redrive(service, id));

        let story = flock.story(&order).await;
        story.assert_sound();
        for once in
            ["order.created", "stock.reserved", "payment.captured", "shipment.scheduled", "order.confirmed"]
        {
            assert_eq!(story.count(once), 1, "{service}: {once} in {:?}", story.events());
        }
        assert_eq!(flock.stock(&sku).await["reserved"], quantity);
        assert_eq!(flock.kept(&order).await, price * quantity);
        assert_eq!(flock.parcels(&order).await, 1);
        println!("{service}: redriven");
    }
    block_in_place(|| flock.audit());
}
