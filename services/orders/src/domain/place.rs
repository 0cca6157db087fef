//! Placing an order: id, key, tombstone and catalog are checked, in this order.

use super::{Book, Goods, Known, Order, Outcome, Row, Seen, Status, Wanted};
use crate::{Hears, Tells};
use chassis::{Fact, Heard, Why};
use contracts::{
    Amount, Breakdown, CancelReason, CatalogPrice, Currency, CustomerId, InvalidLine, Kind, Line, MAX_LINES,
    MessageEnum, OrderCancelled, OrderCreated, OrderDuplicate, OrderId, PlaceOrder, PriceIn,
    ShipmentDelivered, ShipmentDispatched, Text, Timestamp,
};
use std::sync::Arc;

/// A customer's `Idempotency-Key`.
pub type IdempotencyKey = (CustomerId, Text<255>);

/// What an idempotency key was first used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstUse {
    /// The order that the key stands for.
    pub order_id: OrderId,
    /// SHA-256 of its body, in hex.
    pub body_hash: Text<64>,
}

/// A product, as far as an order's price depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// Price of one, in minor units.
    pub price: Amount,
    /// Of the price.
    pub currency: Currency,
    /// Prices in other currencies.
    pub others: Vec<PriceIn>,
    /// Whether it is sold.
    pub active: bool,
    /// Version of the catalog's entry.
    pub version: i64,
}

impl Price {
    /// The price of one in a currency; none: it is not sold for that.
    fn within(&self, currency: Currency) -> Option<Amount> {
        let other = || self.others.iter().find(|other| other.currency == currency).map(|other| other.amount);
        if self.currency == currency { Some(self.price) } else { other() }
    }
}

impl Book {
    pub(super) fn place(&mut self, heard: &Heard<Hears>, place: &PlaceOrder) -> Outcome {
        let id = place.order_id;
        if OrderId::from_v7(id.0) != id {
            return Err(Why::Impossible("an order's id has room for its events' codes".to_owned()));
        }
        if place.lines.is_empty() || place.lines.len() > MAX_LINES {
            return Err(Why::Impossible(format!("an order has 1 to {MAX_LINES} lines")));
        }
        if let Some(wrong) = place.breakdown.as_deref().and_then(|breakdown| inconsistent(breakdown, place)) {
            return Err(Why::Impossible(wrong));
        }
        let mut row = self.orders.get(&id).cloned().unwrap_or_else(|| Row::awaited(heard.at));
        let early = match &mut row.known {
            Known::Awaited(early) => std::mem::take(early),
            Known::Alias(_) | Known::Placed(_) => return Err(Why::Repeat),
        };
        row.placed_at = heard.at;

        let key = (place.customer_id, place.idempotency_key.clone());
        let first = self.keys.get(&key).cloned().filter(|first| first.order_id != id);
        if let Some(first) = first.as_ref().filter(|first| first.body_hash == place.body_hash) {
            row.known = Known::Alias(first.order_id);
            self.orders.put(id, row);
            return Ok(self.stand_for(first.order_id, heard, id, &early));
        }
        if first.is_none() {
            self.keys.put(key, FirstUse { order_id: id, body_hash: place.body_hash.clone() });
        }

        let mut order = order_of(place, heard.at.plus(self.rules.deadline));
        let conflict = first.map(|first| CancelReason::IdempotencyConflict { first: first.order_id });
        let wish = || wish_among(&early, &row.seen, place.customer_id);
        let invalid = || self.check(place).err();
        let facts = match conflict.or_else(|| wish().map(CancelReason::from)).or_else(invalid) {
            Some(reason) => cancel_at_once(&mut order, reason),
            None => create(&mut order, place, &row.seen, early),
        };
        row.known = Known::Placed(order);
        self.timeline.extend(row.note(id, heard, &facts));
        self.orders.put(id, row);
        Ok(facts)
    }

    /// The same order once more, under `alias`: whoever wanted that cancelled meant the original.
    fn stand_for(
        &mut self,
        original: OrderId,
        heard: &Heard<Hears>,
        alias: OrderId,
        early: &[Heard<Hears>],
    ) -> Vec<Fact<Tells>> {
        let mut facts = vec![Fact::first(alias, OrderDuplicate { order_id: alias, of: original })];
        let Some(mut row) = self.orders.get(&original).cloned() else { return facts };
        if let Known::Placed(order) = &mut row.known {
            for wish in early.iter().filter(|heard| matches!(heard.message, Hears::CancelOrder(_))) {
                facts.extend(order.hear(&row.seen, &wish.message).unwrap_or_default());
            }
            self.timeline.extend(row.note(original, heard, &facts));
            self.orders.put(original, row);
        }
        facts
    }

    /// Every line as the catalog has it, and a total that is an amount.
    fn check(&self, place: &PlaceOrder) -> Result<(), CancelReason> {
        for (at, line) in place.lines.iter().enumerate() {
            let why = match self.products.get(&line.sku) {
                None => InvalidLine::UnknownSku,
                Some(known) if !known.active => InvalidLine::Inactive,
                Some(known) => match known.within(place.currency) {
                    None => InvalidLine::Currency,
                    Some(price) if price != line.unit_price => InvalidLine::Price,
                    Some(_) => continue,
                },
            };
            return Err(self.invalid(place, at, why));
        }
        total(&place.lines).map(drop).map_err(|at| self.invalid(place, at, InvalidLine::Total))
    }

    fn invalid(&self, place: &PlaceOrder, line: usize, why: InvalidLine) -> CancelReason {
        let sku = place.lines.get(line).map(|line| &line.sku);
        let known = sku.and_then(|sku| Some((sku.clone(), self.products.get(sku)?)));
        let catalog = known.map(|(sku, price)| CatalogPrice {
            sku,
            price: price.price,
            currency: price.currency,
            active: price.active,
            version: price.version,
        });
        CancelReason::Invalid { line, why, catalog }
    }
}

/// What is wrong with how the total came about: whoever made it is one of the flock, so it is a bug.
fn inconsistent(breakdown: &Breakdown, place: &PlaceOrder) -> Option<String> {
    if breakdown.currency != place.currency {
        return Some("the breakdown is in another currency than the order".to_owned());
    }
    pricing::verify(breakdown, &place.lines).err().map(|wrong| format!("the breakdown's {wrong}"))
}

/// What the lines cost; or the line from which on it is more than an amount can be.
fn total(lines: &[Line]) -> Result<Amount, usize> {
    lines.iter().enumerate().try_fold(Amount::ZERO, |sum, (at, line)| {
        line.unit_price.times(line.quantity).and_then(|price| sum.plus(price)).map_err(|_| at)
    })
}

/// The first wish to cancel from somebody who may: the tombstone. Not if the parcel has left even (memory was lost
/// here): then the order is made, and the wish refused as it was before.
fn wish_among(early: &[Heard<Hears>], seen: &Seen, customer: CustomerId) -> Option<Wanted> {
    if seen.has::<ShipmentDispatched>() || seen.has::<ShipmentDelivered>() {
        return None;
    }
    early.iter().find_map(|heard| {
        let Hears::CancelOrder(cancel) = &heard.message else { return None };
        Wanted::of(cancel, customer)
    })
}

/// Nobody has heard of it yet, and nobody ever will: the others only remember that it is cancelled.
fn cancel_at_once(order: &mut Order, reason: CancelReason) -> Vec<Fact<Tells>> {
    if let Some(goods) = order.goods.as_mut().and_then(Arc::get_mut) {
        goods.address = None;
    }
    order.status = Status::Cancelled;
    order.reason = Some(reason.clone());
    let cancelled = OrderCancelled { order_id: order.id, customer_id: order.customer_id, reason };
    vec![Fact::first(order.id, cancelled)]
}

/// Opens the order; then decides what came too early, events before wishes and timers.
fn create(
    order: &mut Order,
    place: &PlaceOrder,
    seen: &Seen,
    mut early: Vec<Heard<Hears>>,
) -> Vec<Fact<Tells>> {
    let created = OrderCreated {
        order_id: order.id,
        customer_id: order.customer_id,
        currency: order.currency,
        total: order.total,
        lines: place.lines.clone(),
        address: place.address.clone(),
        slot: place.slot.clone(),
        payment: place.payment.clone(),
    };
    let mut facts = vec![Fact::first(order.id, created)];
    early.sort_by_key(|heard| heard.message.info().kind == Kind::Command);
    for heard in early {
        // What can't matter any more, or contradicts the rest, is dropped: it is in the timeline.
        facts.extend(order.hear(seen, &heard.message).unwrap_or_default());
    }
    facts
}

fn order_of(place: &PlaceOrder, deadline: Timestamp) -> Order {
    let goods = Goods {
        lines: place.lines.clone(),
        address: Some(place.address.clone()),
        slot: place.slot.clone(),
        payment_method: place.payment.method.clone(),
        breakdown: place.breakdown.clone(),
    };
    let of_the_cart = place.breakdown.as_ref().map(|breakdown| breakdown.totals.total);
    Order {
        id: place.order_id,
        customer_id: place.customer_id,
        currency: place.currency,
        total: of_the_cart.unwrap_or_else(|| total(&place.lines).unwrap_or_default()),
        on_decline: place.payment.on_decline,
        goods: Some(Arc::new(goods)),
        status: Status::Placed,
        deadline,
        reserved: false,
        captured: false,
        scheduled: false,
        wanted: None,
        refused: None,
        reason: None,
    }
}
