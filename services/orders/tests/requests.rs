//! What the gateway and the operator are answered, from real Postgres.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

mod shop;
#[path = "shop/database.rs"]
mod with_database;

use chassis::{Fault, Heard, Way};
use contracts::{
    Caller, CountCopied, CustomerId, GetOrder, GetTimeline, ListOrders, ListStuck, Message, MessageEnum,
    MessageId, OrderCreated, OrderDuplicate, OrderId, OrderStatus, ProductVersion, Refusal, Role,
};
use orders::{Hears, requests};
use shop::*;
use sqlx::PgPool;
use std::time::Duration;
use uuid::Uuid;
use with_database::{database, take};

const fn caller(id: CustomerId, role: Role) -> Caller {
    Caller { id, role }
}

const AS_ANN: Caller = caller(ANN, Role::Customer);
const AS_BOB: Caller = caller(BOB, Role::Customer);
const AS_SUPPORT: Caller = caller(BOSS, Role::Support);

async fn shop_with(batch: &[Heard<Hears>]) -> PgPool {
    let db = database().await;
    take(&db, &[product("cup", 250, 1), product("pot", 1_000, 1)]).await.unwrap();
    take(&db, batch).await.unwrap();
    db
}

#[track_caller]
fn check_not_found<T>(answer: Result<T, Fault>) {
    let Err(Fault::Refused(Refusal::NotFound { what })) = answer else { panic!("found") };
    assert_eq!(what, "order");
}

#[track_caller]
fn check_invalid<T>(answer: Result<T, Fault>, expected: &str) {
    let Err(Fault::Refused(Refusal::Invalid { field, .. })) = answer else { panic!("taken") };
    assert_eq!(field, expected);
}

#[tokio::test]
async fn an_order_is_shown_to_its_customer_and_to_support_and_does_not_exist_for_others() {
    let db = shop_with(&[place(), place_again(), news("stock.reserved")]).await;
    for order_id in [ORDER, AGAIN] {
        for by in [AS_ANN, AS_SUPPORT] {
            let view = requests::get(&db, &GetOrder { order_id, by }).await.unwrap();
            assert_eq!((view.order_id, view.customer_id), (ORDER, ANN), "an alias is followed");
            assert_eq!((view.status, view.seq), (OrderStatus::StockReserved, 3));
            assert_eq!((view.lines, view.total), (order_form(ORDER).lines, amount(1_500)));
            assert_eq!(view.address, Some(order_form(ORDER).address));
            assert_eq!((view.placed_at, view.deadline), (noon(), Some(deadline())));
            assert_eq!((view.reason, view.cancel_requested), (None, false));
        }
        check_not_found(requests::get(&db, &GetOrder { order_id, by: AS_BOB }).await);
        check_not_found(requests::timeline(&db, &GetTimeline { order_id, by: AS_BOB, after: 0 }).await);
    }
    check_not_found(requests::get(&db, &GetOrder { order_id: order(9), by: AS_SUPPORT }).await);
}

#[tokio::test]
async fn what_is_not_placed_yet_is_not_shown() {
    let db = shop_with(&[by_ann(), news("shipment.held")]).await;
    check_not_found(requests::get(&db, &GetOrder { order_id: ORDER, by: AS_ANN }).await);
    check_not_found(requests::timeline(&db, &GetTimeline { order_id: ORDER, by: AS_ANN, after: 0 }).await);
    let all = ListOrders { by: AS_SUPPORT, customer: None, status: None, before: None, limit: 10 };
    assert!(requests::list(&db, &all).await.unwrap().orders.is_empty());
    take(&db, &[place()]).await.unwrap();
    let view = requests::get(&db, &GetOrder { order_id: ORDER, by: AS_ANN }).await.unwrap();
    assert_eq!(
        (view.status, view.reason),
        (OrderStatus::Cancelled, Some(contracts::CancelReason::ByCustomer))
    );
    assert_eq!((view.deadline, view.address), (None, None));
}

#[tokio::test]
async fn a_wish_to_cancel_is_shown_while_it_is_open() {
    let all = ["stock.reserved", "payment.captured", "shipment.scheduled"];
    let db = shop_with(&[place(), news(all[0]), news(all[1]), news(all[2]), by_ann()]).await;
    let ask = GetOrder { order_id: ORDER, by: AS_ANN };
    let view = requests::get(&db, &ask).await.unwrap();
    assert_eq!((view.status, view.cancel_requested), (OrderStatus::Confirmed, true));
    take(&db, &[news("shipment.dispatched")]).await.unwrap();
    let view = requests::get(&db, &ask).await.unwrap();
    assert_eq!((view.status, view.cancel_requested), (OrderStatus::Dispatched, false));
}

#[tokio::test]
async fn a_timeline_is_told_in_order_and_from_where_one_left() {
    let life = ["shipment.held", "stock.reserved", "payment.captured", "shipment.scheduled"];
    let mut batch = vec![place()];
    batch.extend(life.iter().map(|name| news(name)));
    let db = shop_with(&batch).await;
    let ask = |after| GetTimeline { order_id: ORDER, by: AS_ANN, after };
    let timeline = requests::timeline(&db, &ask(0)).await.unwrap();
    assert_eq!((timeline.order_id, timeline.status), (ORDER, OrderStatus::Confirmed));
    let told: Vec<(i64, &str)> = timeline.entries.iter().map(|e| (e.seq, e.event.as_str())).collect();
    let expected = [
        (1, "order.created"),
        (2, "shipment.held"),
        (3, "stock.reserved"),
        (4, "payment.captured"),
        (5, "shipment.scheduled"),
        (6, "order.confirmed"),
    ];
    assert_eq!(told, expected);
    assert_eq!(timeline.entries[1].at, noon(), "by the clock of who told it");
    assert_eq!(timeline.entries[2].status, OrderStatus::StockReserved);
    let data = timeline.entries[4].data.as_ref().unwrap();
    assert_eq!(data, &serde_json::json!({ "carrier": "sandbox", "tracking": "SB1" }));
    let rest = requests::timeline(&db, &ask(4)).await.unwrap();
    assert_eq!(rest.entries, timeline.entries[4..]);
}

#[tokio::test]
async fn a_timeline_says_of_each_event_who_told_it_why_and_how_it_came() {
    let created = MessageId::about(ORDER.0, OrderCreated::INFO.code, 0);
    let (trace, ms) = (Uuid::from_u128(0xabc), Duration::from_millis);
    let mut reserved = news("stock.reserved");
    reserved.way =
        Way { cause: Some(created), trace: Some(trace), stored_at: Some(noon().plus(ms(4))), deliveries: 2 };
    let wish = by_ann();
    let db = shop_with(&[place(), reserved.clone(), wish.clone(), news("stock.released")]).await;
    let ask = GetTimeline { order_id: ORDER, by: AS_ANN, after: 0 };
    let entries = requests::timeline(&db, &ask).await.unwrap().entries;
    let told = |n: usize| (entries[n].event.as_str(), entries[n].service.as_str(), entries[n].compensates);
    assert_eq!(told(0), ("order.created", "orders", false));
    assert_eq!(told(1), ("stock.reserved", "inventory", false));
    assert_eq!(told(2), ("order.cancelled", "orders", false));
    assert_eq!(told(3), ("stock.released", "inventory", true));

    let because =
        |n: usize| entries[n].cause.clone().map(|cause| (cause.message_id, cause.subject, cause.at));
    let command = |heard: &Heard<Hears>| {
        Some((heard.id, Some(heard.message.info().subject.to_owned()), Some(heard.at)))
    };
    assert_eq!(because(0), command(&place()));
    assert_eq!(because(1), Some((created, Some("order.created".to_owned()), None)));
    assert_eq!(because(2), command(&wish), "though its id tells nothing");
    assert_eq!(because(3), None, "its sender did not say");
    let ids: Vec<_> = entries.iter().map(|entry| entry.message_id.unwrap()).collect();
    assert_eq!(ids[..2], [created, reserved.id]);

    assert_eq!((entries[1].stored_at, entries[1].deliveries), (Some(noon().plus(ms(4))), Some(2)));
    assert!(entries[1].heard_at.unwrap() > noon(), "when it was taken in, by this machine's clock");
    assert_eq!((entries[0].stored_at, entries[0].heard_at, entries[0].deliveries), (None, None, None));
    assert_eq!(entries[1].trace_id, Some(trace.simple().to_string()));
    assert_eq!(entries[0].trace_id, None);
}

#[tokio::test]
async fn entries_from_before_causes_were_kept_are_shown_without() {
    let db = shop_with(&[place(), news("stock.reserved")]).await;
    let forget = "update timeline set stored_ms = null, heard_ms = null, cause_ms = null, message = null, cause = null";
    sqlx::query(forget).execute(&db).await.unwrap();
    let ask = GetTimeline { order_id: ORDER, by: AS_ANN, after: 0 };
    let entries = requests::timeline(&db, &ask).await.unwrap().entries;
    assert_eq!(
        entries.iter().map(|entry| entry.service.as_str()).collect::<Vec<_>>(),
        ["orders", "inventory"]
    );
    assert!(entries.iter().all(|entry| entry.message_id.is_none() && entry.cause.is_none()));
}

#[tokio::test]
async fn an_alias_leaves_its_own_ids_in_the_timeline_of_its_original() {
    let db = shop_with(&[place(), place_again()]).await;
    let ask = GetTimeline { order_id: ORDER, by: AS_ANN, after: 0 };
    let last = requests::timeline(&db, &ask).await.unwrap().entries.pop().unwrap();
    assert_eq!(last.event, "order.duplicate");
    assert_eq!(last.message_id, Some(MessageId::about(AGAIN.0, OrderDuplicate::INFO.code, 0)));
    let cause = last.cause.unwrap();
    assert_eq!((cause.message_id, cause.subject.as_deref()), (place_again().id, Some("cmd.order.place")));
}

fn by(customer: CustomerId, number: u128) -> Heard<Hears> {
    let mut form = order_form(order(number));
    (form.customer_id, form.idempotency_key) = (customer, text(&number.to_string()));
    nth(order(number), 0, form)
}

#[tokio::test]
async fn orders_are_listed_newest_first_in_pages_without_gaps() {
    let batch: Vec<_> = (10..17).map(|number| by(if number % 3 == 0 { BOB } else { ANN }, number)).collect();
    let db = shop_with(&batch).await;
    let ids = |numbers: &[u128]| numbers.iter().map(|number| order(*number)).collect::<Vec<OrderId>>();
    let mut ask = ListOrders { by: AS_ANN, customer: Some(BOB), status: None, before: None, limit: 2 };
    let mut pages = vec![];
    loop {
        let page = requests::list(&db, &ask).await.unwrap();
        pages.push(page.orders.iter().map(|view| view.order_id).collect::<Vec<_>>());
        ask.before = page.next;
        if page.next.is_none() {
            break;
        }
    }
    assert_eq!(
        pages,
        [ids(&[16, 14]), ids(&[13, 11]), ids(&[10])],
        "a customer is given the own, whatever is asked"
    );

    let all = ListOrders { by: AS_SUPPORT, customer: None, status: None, before: None, limit: 100 };
    assert_eq!(requests::list(&db, &all).await.unwrap().orders.len(), 7);
    let bobs = ListOrders { customer: Some(BOB), ..all.clone() };
    assert_eq!(requests::list(&db, &bobs).await.unwrap().orders.len(), 2);
    take(&db, &[cancel(order(12), BOB, Role::Customer)]).await.unwrap();
    for (status, found) in [(OrderStatus::Cancelled, vec![order(12)]), (OrderStatus::Paid, vec![])] {
        let page = requests::list(&db, &ListOrders { status: Some(status), ..all.clone() }).await.unwrap();
        assert_eq!(page.orders.iter().map(|view| view.order_id).collect::<Vec<_>>(), found);
        assert_eq!(page.next, None);
    }
    for limit in [0, 101] {
        check_invalid(requests::list(&db, &ListOrders { limit, ..all.clone() }).await, "limit");
    }
}

async fn stuck_after(db: &PgPool, minutes: u64) -> Vec<(OrderId, Vec<String>)> {
    let now = noon().plus(Duration::from_secs(minutes * 60));
    let stuck = requests::stuck(db, &ListStuck { grace_s: 60, limit: 10 }, now).await.unwrap();
    stuck.into_iter().map(|stuck| (stuck.order_id, stuck.missing)).collect()
}

/// Time entries for what this service told to the test's noon: they have the real clock's.
async fn at_noon(db: &PgPool) {
    sqlx::query("update timeline set at = $1").bind(noon().inner()).execute(db).await.unwrap();
}

#[tokio::test]
async fn an_order_past_its_deadline_is_stuck_and_says_what_is_missing() {
    let db = shop_with(&[place()]).await;
    let expect =
        |missing: &[&str]| vec![(ORDER, missing.iter().map(|m| (*m).to_owned()).collect::<Vec<_>>())];
    assert_eq!(stuck_after(&db, 15).await, []);
    assert_eq!(stuck_after(&db, 17).await, expect(&["stock.reserved", "shipment.held", "cmd.order.expire"]));
    take(&db, &[news("stock.reserved"), news("shipment.held")]).await.unwrap();
    assert_eq!(stuck_after(&db, 17).await, expect(&["payment.captured", "cmd.order.expire"]));

    take(&db, &[news("payment.captured")]).await.unwrap();
    at_noon(&db).await;
    assert_eq!(stuck_after(&db, 1).await, []);
    assert_eq!(
        stuck_after(&db, 2).await,
        expect(&["shipment.scheduled"]),
        "paid: only machines are waited for"
    );

    take(&db, &[news("shipment.scheduled")]).await.unwrap();
    at_noon(&db).await;
    assert_eq!(stuck_after(&db, 99).await, [], "settled");
    take(&db, &[by_ann()]).await.unwrap();
    at_noon(&db).await;
    assert_eq!(stuck_after(&db, 2).await, expect(&["shipment.cancelled", "shipment.dispatched"]));
    take(&db, &[news("shipment.cancelled")]).await.unwrap();
    assert_eq!(stuck_after(&db, 99).await, [], "settled");
}

#[tokio::test]
async fn early_news_waits_for_its_order_and_a_tombstone_for_nothing() {
    let db = shop_with(&[news("stock.reserved"), cancel(order(5), ANN, Role::Customer)]).await;
    assert_eq!(stuck_after(&db, 2).await, [(ORDER, vec!["cmd.order.place".to_owned()])]);
}

#[tokio::test]
async fn the_importer_sees_when_the_copy_of_the_catalog_has_caught_up() {
    let db = shop_with(&[product("cup", 300, 3)]).await;
    let known = |sku, version| ProductVersion { sku: text(sku), version };
    let products = vec![known("cup", 3), known("pot", 2), known("pot", 1), known("pan", 1)];
    assert_eq!(requests::copied(&db, &CountCopied { products }).await.unwrap().copied, 2);
    let products = vec![known("cup", 1); contracts::MAX_IMPORT + 1];
    check_invalid(requests::copied(&db, &CountCopied { products }).await, "products");
}
