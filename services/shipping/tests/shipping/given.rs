//! What the tests start from: orders, addresses, messages, a dock.

use chassis::{Db, Heard};
use contracts::*;
use shipping::{
    Hears,
    carrier::Leased,
    domain::{Dock, Room, SlotKey, Zone, Zones},
};
use sqlx::PgPool;
use std::borrow::Cow;
use uuid::Uuid;

pub fn order(number: u8) -> OrderId {
    OrderId(Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0000 | u128::from(number) << 16))
}

pub fn customer(number: u8) -> CustomerId {
    CustomerId(Uuid::from_u128(0x0c00 | u128::from(number)))
}

pub fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).unwrap()
}

pub fn country(code: &'static str) -> Country {
    Country::try_from(Cow::from(code)).unwrap()
}

pub fn address(code: &'static str, postal_code: Option<&str>, line1: &str) -> Address {
    Address {
        name: text("A. Buyer"),
        line1: text(line1),
        line2: None,
        city: text("Town"),
        postal_code: postal_code.map(text),
        country: country(code),
    }
}

pub fn created(order_id: OrderId, address: Address, slot: Option<&str>) -> OrderCreated {
    let currency = "GBP".parse().unwrap();
    let (quantity, unit_price) = (Quantity::new(1).unwrap(), Amount::new(500).unwrap());
    OrderCreated {
        order_id,
        customer_id: customer(1),
        currency,
        total: unit_price,
        lines: vec![Line { sku: text("MUG"), quantity, unit_price }],
        address,
        slot: slot.map(text),
        payment: Payment { method: text("sandbox.succeeds"), token: None, on_decline: OnDecline::Cancel },
    }
}

pub fn captured(order_id: OrderId, surplus: bool) -> PaymentCaptured {
    let amount = Amount::new(500).unwrap();
    let parts = vec![PaymentPart { method: text("sandbox.succeeds"), amount }];
    PaymentCaptured { order_id, attempt: 1, amount, currency: "GBP".parse().unwrap(), parts, surplus }
}

pub fn cancelled(order_id: OrderId) -> OrderCancelled {
    OrderCancelled { order_id, customer_id: customer(1), reason: CancelReason::ByCustomer }
}

pub fn confirmed(order_id: OrderId) -> OrderConfirmed {
    let total = Amount::new(500).unwrap();
    OrderConfirmed { order_id, customer_id: customer(1), total, currency: "GBP".parse().unwrap() }
}

pub fn booked() -> CarrierAnswer {
    CarrierAnswer::Booked { tracking: text("SB1") }
}

pub fn answered(order_id: OrderId, attempt: i32, answer: CarrierAnswer) -> ShipmentAnswered {
    let purpose = if attempt == 1 { ShipmentPurpose::Book } else { ShipmentPurpose::Void };
    ShipmentAnswered { order_id, attempt, purpose, carrier: text("sandbox"), answer }
}

/// A message as it comes in; the id of each is its own.
pub fn heard(about: OrderId, message: impl Into<Hears>) -> Heard<Hears> {
    let message = message.into();
    let id = MessageId::about(about.0, MessageEnum::info(&message).code, 0);
    Heard::new(id, Timestamp::from_millis(1_790_000_000_000), message)
}

/// GB without slots, but for postal codes that begin with ZZ; JP with a slot for two and one for three.
pub fn dock() -> Dock {
    let zone = |id: &str, code, prefix: &str, served, has_slots| Zone {
        id: text(id),
        country: country(code),
        postal_prefix: prefix.to_owned(),
        served,
        has_slots,
    };
    let slot =
        |slot: &str, capacity| (SlotKey { zone: text("JP"), slot: text(slot) }, Room { capacity, taken: 0 });
    Dock {
        zones: Zones(vec![
            zone("GB", "GB", "", true, false),
            zone("GB-ZZ", "GB", "ZZ", false, false),
            zone("JP", "JP", "", true, true),
        ]),
        slots: [slot("am", 2), slot("pm", 3)].into_iter().collect(),
        ..Dock::default()
    }
}

/// A database of the test's own, with the same places as [`dock`].
pub async fn database() -> PgPool {
    let db = chassis::provision::scratch(tools::postgres::shared(), &shipping::MIGRATIONS).await.unwrap();
    run(&db, "delete from slot").await.unwrap();
    run(&db, "insert into slot (zone, slot, capacity) values ('JP', 'am', 2), ('JP', 'pm', 3)")
        .await
        .unwrap();
    db
}

/// A ledger of the test's own.
pub async fn ledger() -> PgPool {
    chassis::provision::scratch(tools::postgres::shared(), &shipping::LEDGER).await.unwrap()
}

pub async fn run(db: &PgPool, sql: &'static str) -> sqlx::Result<()> {
    sqlx::query(sql).execute(db).await.map(drop)
}

/// Takes a batch the way the chassis does.
pub async fn take(db: &PgPool, batch: &[Heard<Hears>]) -> Vec<chassis::Decision<shipping::Tells>> {
    use chassis::Participant;
    let mut tx = db.begin().await.unwrap();
    let mut dock = <Dock as Participant>::load(&(), &mut tx, batch).await.unwrap();
    let decisions = batch.iter().map(|heard| Participant::decide(&mut dock, heard)).collect();
    save(dock, &mut tx).await.unwrap();
    tx.commit().await.unwrap();
    decisions
}

/// Saves what was decided while nobody calls.
pub async fn save(dock: Dock, db: &mut Db) -> sqlx::Result<chassis::AfterCommit<Leased>> {
    chassis::save(dock, chassis::Lease::NONE, db).await
}
