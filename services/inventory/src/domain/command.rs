//! What receipts and adjustments do to the shelf.

use super::{Cause, MAX_ON_HAND, Movement, Shelf};
use crate::Tells;
use chassis::{Decision, Fact, Why};
use contracts::{
    AdjustStock, MAX_RECEIPT_LINES, MessageId, ReceiveStock, Reference, Sku, StockCommandRefused,
    StockLevelChanged, StockRefusal, Text, Timestamp,
};
use std::collections::BTreeSet;

impl Shelf {
    /// Goods came in: all lines or none.
    pub(crate) fn receive(
        &mut self,
        receipt: &ReceiveStock,
        id: MessageId,
        at: Timestamp,
    ) -> Decision<Tells> {
        let cause = Cause::Receipt(receipt.reference.clone());
        if self.booked.contains(&cause) {
            return Decision::Ignore(Why::Repeat);
        }
        if let Some(fault) = fault(receipt) {
            return Decision::Ignore(Why::Impossible(fault.to_owned()));
        }
        let too_many = |sku: &Sku, more: i64| self.level(sku).on_hand + more > MAX_ON_HAND;
        if receipt.lines.iter().any(|line| too_many(&line.sku, line.quantity.into())) {
            return refuse(id, &receipt.reference, StockRefusal::OutOfRange);
        }
        let facts = (0..).zip(0..).zip(&receipt.lines).map(|((line, count), received)| {
            let change = Change { sku: &received.sku, quantity: received.quantity.into(), reason: None };
            Fact::nth(id, count, self.book(&change, &cause, &receipt.reference, line, at))
        });
        Decision::Accept(facts.collect())
    }

    /// A count showed that there is more or less than was thought.
    pub(crate) fn adjust(&mut self, wish: &AdjustStock, id: MessageId, at: Timestamp) -> Decision<Tells> {
        let cause = Cause::Adjustment(wish.reference.clone());
        if self.booked.contains(&cause) {
            return Decision::Ignore(Why::Repeat);
        }
        let level = self.level(&wish.sku);
        let on_hand = level.on_hand.saturating_add(wish.delta);
        if wish.delta == 0 || on_hand > MAX_ON_HAND {
            return refuse(id, &wish.reference, StockRefusal::OutOfRange);
        }
        if on_hand < level.reserved {
            return refuse(id, &wish.reference, StockRefusal::BelowReserved);
        }
        let change = Change { sku: &wish.sku, quantity: wish.delta, reason: Some(wish.reason.clone()) };
        Decision::tell(id, self.book(&change, &cause, &wish.reference, 0, at))
    }

    fn book(
        &mut self,
        change: &Change<'_>,
        cause: &Cause,
        reference: &Reference,
        line: i32,
        at: Timestamp,
    ) -> StockLevelChanged {
        let Change { sku, quantity, reason } = change.clone();
        let level = self.change(sku, quantity, 0);
        self.booked.insert(cause.clone());
        self.movements.push(Movement { sku: sku.clone(), quantity, cause: cause.clone(), line, reason, at });
        StockLevelChanged {
            sku: sku.clone(),
            on_hand: level.on_hand,
            reserved: level.reserved,
            version: level.version,
            reference: reference.clone(),
        }
    }
}

#[derive(Clone)]
struct Change<'a> {
    sku: &'a Sku,
    quantity: i64,
    reason: Option<Text<200>>,
}

/// What the gateway lets nobody ask for.
fn fault(receipt: &ReceiveStock) -> Option<&'static str> {
    let skus: BTreeSet<&Sku> = receipt.lines.iter().map(|line| &line.sku).collect();
    match receipt.lines.len() {
        0 => Some("a receipt without lines"),
        lines if lines > MAX_RECEIPT_LINES => Some("a receipt with more lines than one may have"),
        lines if lines > skus.len() => Some("a receipt that names a SKU twice"),
        _ => None,
    }
}

/// A refusal books nothing, so its reference can still be used.
fn refuse(id: MessageId, reference: &Reference, why: StockRefusal) -> Decision<Tells> {
    Decision::tell(id, StockCommandRefused { reference: reference.clone(), why })
}
