//! Where parcels went of people who left is erased once no parcel goes there any more.

use crate::given::*;
use chassis::{CallLimits, Decision, Heard, Outside, Sweep, Why};
use contracts::*;
use shipping::{
    EraseLeavers, Hears,
    carrier::{CarrierCalls, Sandbox},
};
use sqlx::PgPool;
use std::time::Duration;

fn gone(number: u8) -> Heard<Hears> {
    let left = UserDeleted { user_id: customer(number), version: 3 };
    Heard::new(MessageId(uuid::Uuid::now_v7()), Timestamp::from_millis(0), left.into())
}

async fn hear(db: &PgPool, message: impl Into<Hears>) {
    let decided = take(db, &[heard(order(0), message)]).await;
    assert!(matches!(decided[..], [Decision::Accept(_)]), "{decided:?}");
}

/// One sweep, some days after 1970.
async fn sweep(db: &PgPool, days: u64) {
    let mut tx = db.begin().await.unwrap();
    let now = Timestamp::from_millis(0).plus(Duration::from_secs(days * 86_400));
    assert_eq!(EraseLeavers::due(&mut tx, now).await.unwrap(), []);
    tx.commit().await.unwrap();
}

async fn addresses(db: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from destination").fetch_one(db).await.unwrap()
}

fn placed() -> OrderCreated {
    created(order(0), address("GB", None, "1 Main Street"), None)
}

#[tokio::test]
async fn an_address_is_needed_until_the_parcel_is_there() {
    let db = database().await;
    assert_eq!(take(&db, &[gone(1)]).await, [Decision::NOTED]);
    assert_eq!(take(&db, &[gone(1)]).await, [Decision::Ignore(Why::Repeat)]);
    let id = order(0);
    let story: [Hears; 6] = [
        placed().into(),
        captured(id, false).into(),
        answered(id, 1, booked()).into(),
        confirmed(id).into(),
        DispatchShipment { order_id: id }.into(),
        DeliverShipment { order_id: id }.into(),
    ];
    for (day, message) in (1..).zip(story) {
        let last = matches!(message, Hears::DeliverShipment(_));
        hear(&db, message).await;
        sweep(&db, day * 10).await;
        assert_eq!(addresses(&db).await, i64::from(!last), "day {day}");
    }
    let kept: (String, Option<String>) =
        sqlx::query_as("select state, tracking from shipment").fetch_one(&db).await.unwrap();
    assert_eq!(kept, ("delivered".to_owned(), Some("SB1".to_owned())));
}

#[tokio::test]
async fn what_was_called_off_while_the_carrier_was_asked_keeps_its_address_until_it_answers() {
    let db = database().await;
    let id = order(0);
    hear(&db, placed()).await;
    hear(&db, captured(id, false)).await;
    let calls = CarrierCalls::new(Sandbox::with(db.clone(), Duration::MAX), CallLimits::default());
    let lease =
        async || calls.lease(&mut db.acquire().await.unwrap(), 10, Duration::ZERO).await.unwrap().remove(0);
    lease().await;
    hear(&db, cancelled(id)).await;
    take(&db, &[gone(1)]).await;
    sweep(&db, 1).await;
    assert!(lease().await.address.is_some(), "it is asked again with the address");
    hear(&db, answered(id, 1, booked())).await;
    sweep(&db, 2).await;
    assert_eq!(addresses(&db).await, 0);
    assert_eq!(lease().await.key(), format!("{id}-1"), "the booking is voided without it");
}

#[tokio::test]
async fn others_keep_theirs() {
    let db = database().await;
    let anothers = OrderCreated { order_id: order(1), customer_id: customer(2), ..placed() };
    take(&db, &[heard(order(0), placed()), heard(order(1), anothers)]).await;
    take(&db, &[gone(1), heard(order(0), cancelled(order(0))), heard(order(1), cancelled(order(1)))]).await;
    sweep(&db, 1).await;
    let left: Vec<(uuid::Uuid,)> =
        sqlx::query_as("select order_id from destination").fetch_all(&db).await.unwrap();
    assert_eq!(left, [(order(1).0,)]);
}
