//! Orders' `decide`, straight or bent.

use super::Mutant;
use chassis::{Decision, Heard, Rows};
use contracts::OrderId;
use orders::{
    Book, Hears, Tells,
    domain::{Known, Order},
};

pub(crate) fn decide(book: &mut Book, heard: &Heard<Hears>, bend: Mutant) -> Decision<Tells> {
    match (bend, &heard.message) {
        (Mutant::NoTombstoneOrders, Hears::CancelOrder(m)) if book.orders.get(&m.order_id).is_none() => {
            Decision::NOTED
        }
        (Mutant::DeadlineOverPayment, Hears::ExpireOrder(m)) => {
            let mut bent = book.clone();
            with(&mut bent, m.order_id, |order| order.captured = false);
            let decision = bent.decide(heard);
            if matches!(decision, Decision::Accept(_)) {
                *book = bent;
            }
            decision
        }
        (Mutant::PendingNotWaitedFor, Hears::PaymentPending(m)) => {
            let before = book.orders.get(&m.order_id).cloned();
            let decision = book.decide(heard);
            if let Some(Known::Placed(before)) = before.map(|row| row.known) {
                with(book, m.order_id, |order| order.deadline = before.deadline);
            }
            decision
        }
        (Mutant::KeyForgotten, Hears::PlaceOrder(_)) => {
            book.keys = Rows::default();
            book.decide(heard)
        }
        (Mutant::CatalogUnread, Hears::PlaceOrder(place)) => {
            for line in &place.lines {
                if let Some(price) = book.products.change(&line.sku) {
                    price.price = line.unit_price;
                }
            }
            book.decide(heard)
        }
        (Mutant::ConfirmsUnscheduled, Hears::PaymentCaptured(m)) => {
            with(book, m.order_id, |order| order.scheduled = true);
            book.decide(heard)
        }
        _ => book.decide(heard),
    }
}

fn with(book: &mut Book, id: OrderId, bend: impl FnOnce(&mut Order)) {
    if let Some(row) = book.orders.change(&id)
        && let Known::Placed(order) = &mut row.known
    {
        bend(order);
    }
}
