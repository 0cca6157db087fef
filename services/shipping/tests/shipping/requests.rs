//! What shipping answers, on a real Postgres.

use crate::{
    given::*,
    world::{Kind, message},
};
use chassis::Fault;
use contracts::*;
use shipping::requests;

fn caller(number: u8, role: Role) -> Caller {
    Caller { id: customer(number), role }
}

#[tokio::test]
async fn a_customer_sees_the_own_shipment_and_support_sees_all() {
    let db = database().await;
    let id = order(1);
    take(&db, &[heard(id, message(1, Kind::Created)), heard(id, message(1, Kind::Captured))]).await;
    let view = async |by| requests::shipment(&db, &GetShipment { order_id: id, by }).await;
    let own = view(caller(1, Role::Customer)).await.unwrap();
    assert_eq!((own.state.as_str(), own.slot, own.tracking), ("booking", Some(text("am")), None));
    assert!(view(caller(2, Role::Support)).await.is_ok());
    assert!(matches!(view(caller(2, Role::Customer)).await, Err(Fault::Refused(Refusal::NotFound { .. }))));

    take(&db, &[heard(id, answered(id, 1, booked()))]).await;
    let own = view(caller(1, Role::Customer)).await.unwrap();
    assert_eq!(own.state, "scheduled");
    assert_eq!((own.carrier.as_deref(), own.tracking.as_deref()), (Some("sandbox"), Some("SB1")));
}

#[tokio::test]
async fn what_only_others_spoke_of_is_not_there_and_a_tombstone_is_cancelled() {
    let db = database().await;
    take(&db, &[heard(order(0), message(0, Kind::Captured)), heard(order(1), message(1, Kind::Cancelled))])
        .await;
    let view = async |number| {
        let asked = GetShipment { order_id: order(number), by: caller(1, Role::Customer) };
        requests::shipment(&db, &asked).await
    };
    assert!(matches!(view(0).await, Err(Fault::Refused(Refusal::NotFound { .. }))));
    assert!(matches!(view(9).await, Err(Fault::Refused(Refusal::NotFound { .. }))));
    assert_eq!(view(1).await.unwrap().state, "cancelled");
}

#[tokio::test]
async fn the_slots_with_room_are_listed() {
    let db = database().await;
    let slots = async |code, postal_code: Option<&str>| {
        let asked = ListSlots { country: country(code), postal_code: postal_code.map(text) };
        requests::slots(&db, &asked).await
    };
    let ids = |slots: Vec<Slot>| slots.iter().map(|slot| slot.slot.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(slots("JP", None).await.unwrap()), ["am", "pm"]);
    run(&db, "update slot set taken = capacity where slot = 'am'").await.unwrap();
    assert_eq!(ids(slots("JP", None).await.unwrap()), ["pm"]);
    assert_eq!(ids(slots("GB", None).await.unwrap()), Vec::<String>::new());
    for (code, postal_code) in [("AQ", None), ("GB", Some("ZZ1"))] {
        assert!(matches!(slots(code, postal_code).await, Err(Fault::Refused(Refusal::NotFound { .. }))));
    }
}
