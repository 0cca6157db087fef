//! Law 3: every accepted order is confirmed or cancelled, or a duplicate of one that is.

use super::{
    Check, Law,
    books::{Books, Order, Orders, rows},
    stream,
};
use chassis::{clock, settings};
use contracts::{HEADER_SUBJECT, Message, PlaceOrder};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use uuid::Uuid;

/// An order may be so late: the timer looks every few seconds.
const GRACE: Duration = Duration::from_secs(60);

/// The checks.
pub async fn checks(places: &settings::Parts, books: &Books, orders: &Orders) -> anyhow::Result<Vec<Check>> {
    Ok(vec![accepted(places, books, orders).await?, open(books, orders).await?, aliases(orders)])
}

/// Every placement that was stored durably has its order.
async fn accepted(places: &settings::Parts, books: &Books, orders: &Orders) -> anyhow::Result<Check> {
    let mut check = Check::new(Law::Settled, "every order that was accepted is known to orders");
    let dead: Vec<(Uuid,)> =
        rows(&books.orders, "select message_id from dead_letter where not redriven").await?;
    let dead: BTreeSet<Uuid> = dead.into_iter().map(|(id,)| id).collect();
    let mut placed = BTreeSet::new();
    stream::headers(places, "COMMANDS", PlaceOrder::INFO.subject, |_, headers, _| {
        let about = headers.get(HEADER_SUBJECT).and_then(|id| Uuid::parse_str(id.as_str()).ok());
        placed.extend(about);
    })
    .await?;
    for id in &placed {
        let known = orders.get(id).is_some_and(|order| order.state != "awaited");
        if known {
            continue;
        }
        if dead.contains(&contracts::MessageId::about(*id, PlaceOrder::INFO.code, 0).0) {
            check.note(id, "its placement is a dead letter");
        } else {
            check.offends(id, "accepted, and orders has not placed it");
        }
    }
    check.looked_at = placed.len();
    Ok(check)
}

/// At rest an open order waits for nobody but its customer.
async fn open(books: &Books, orders: &Orders) -> anyhow::Result<Check> {
    let mut check =
        Check::new(Law::Settled, "orders are settled, or wait for their customer within their deadline");
    let payments: Vec<(Uuid, String)> =
        rows(&books.payments, "select order_id, state from payment where state in ('pending', 'declined')")
            .await?;
    let waiting: BTreeMap<Uuid, String> = payments.into_iter().collect();
    let late = clock::now().inner() - GRACE;
    for (id, order) in orders {
        if order.state == "awaited" && order.heard > 0 {
            check.offends(id, "others spoke of it, and it was never placed");
        }
        if !order.is_open() {
            continue;
        }
        let past = order.deadline.is_none_or(|deadline| deadline < late);
        match waiting.get(id) {
            Some(payment) if !past && order.state != "paid" => {
                check.note(id, format!("{}: the payment is {payment}", order.state));
            }
            Some(_) | None if past => check.offends(id, format!("{}, past its deadline", order.state)),
            Some(_) | None => check.offends(id, format!("{}, and nothing is under way", order.state)),
        }
    }
    check.looked_at = orders.len();
    Ok(check)
}

fn aliases(orders: &Orders) -> Check {
    let mut check = Check::new(Law::Settled, "every duplicate stands for an order");
    let aliases = orders.values().filter_map(|order| Some((order, order.alias_of?)));
    for (order, original) in aliases {
        check.looked_at += 1;
        match orders.get(&original) {
            Some(Order { state, .. }) if state != "alias" && state != "awaited" => {}
            Some(Order { state, .. }) => {
                check.offends(order.order_id, format!("stands for {original}, which is {state}"))
            }
            None => check.offends(order.order_id, format!("stands for {original}, which is not there")),
        }
    }
    check
}
