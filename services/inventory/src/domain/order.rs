//! What an order's events do to its hold: (holding, event) → facts.
//!
//! Only dispatch and cancellation end a hold, and an order meets one of them at most: shipping dispatches what is
//! confirmed, and what is confirmed is cancelled only after shipping has stopped it. So the one after the other is
//! impossible, and parked for an operator.

use super::{Cause, Holding, Lines, Movement, Shelf};
use crate::Tells;
use chassis::{Decision, Fact, Why};
use contracts::{
    Availability, Line, OrderCreated, OrderId, Shortage, Sku, StockAvailabilityChanged, StockCommitted,
    StockRejected, StockReleased, StockReserved, Timestamp,
};

/// The most shortages that a rejection names.
pub const MAX_SHORTAGES: usize = 10;

impl Shelf {
    /// All lines are there: set aside. Else nothing is taken.
    pub(crate) fn order_created(&mut self, order: &OrderCreated, at: Timestamp) -> Decision<Tells> {
        match self.orders.get(&order.order_id) {
            None => self.reserve(order.order_id, together(&order.lines)),
            Some(Holding::Dispatched) => self.catch_up(order.order_id, together(&order.lines), at),
            Some(Holding::Tombstone) => Decision::Ignore(Why::TooLate),
            Some(Holding::Reserved(_) | Holding::Rejected | Holding::Released(_) | Holding::Committed(_)) => {
                Decision::Ignore(Why::Repeat)
            }
        }
    }

    /// What is set aside can be sold again.
    pub(crate) fn order_cancelled(&mut self, id: OrderId) -> Decision<Tells> {
        match self.orders.get(&id) {
            // order.created may still come, and must find that it is over.
            None => {
                self.orders.put(id, Holding::Tombstone);
                Decision::NOTED
            }
            Some(Holding::Reserved(lines)) => {
                let lines = lines.clone();
                for (sku, quantity) in &lines {
                    self.change(sku, 0, -quantity);
                }
                let again = self.told(id, 1, &lines, |now, quantity| now - quantity);
                self.orders.put(id, Holding::Released(lines));
                Decision::Accept(
                    [Fact::first(id, StockReleased { order_id: id })].into_iter().chain(again).collect(),
                )
            }
            // Rejected: this is the answer to our own stock.rejected; there is nothing to put back.
            Some(Holding::Rejected | Holding::Released(_) | Holding::Tombstone) => {
                Decision::Ignore(Why::Repeat)
            }
            Some(Holding::Committed(_) | Holding::Dispatched) => {
                impossible("cancelled after it was dispatched")
            }
        }
    }

    /// What is set aside leaves the house.
    pub(crate) fn shipment_dispatched(&mut self, id: OrderId, at: Timestamp) -> Decision<Tells> {
        match self.orders.get(&id) {
            // Only after a loss of this database: it was reserved once, or it would not be confirmed.
            None => {
                self.orders.put(id, Holding::Dispatched);
                Decision::NOTED
            }
            Some(Holding::Reserved(lines)) => {
                let lines = lines.clone();
                self.commit(id, lines, at);
                Decision::tell(id, StockCommitted { order_id: id })
            }
            Some(Holding::Committed(_) | Holding::Dispatched) => Decision::Ignore(Why::Repeat),
            Some(Holding::Rejected) => impossible("dispatched although its stock was rejected"),
            Some(Holding::Released(_) | Holding::Tombstone) => {
                impossible("dispatched after it was cancelled")
            }
        }
    }

    fn reserve(&mut self, id: OrderId, lines: Lines) -> Decision<Tells> {
        let shortages = self.shortages(&lines);
        if !shortages.is_empty() {
            self.orders.put(id, Holding::Rejected);
            return Decision::tell(id, StockRejected { order_id: id, shortages });
        }
        self.set_aside(&lines);
        let out = self.told(id, 0, &lines, |now, quantity| now + quantity);
        self.orders.put(id, Holding::Reserved(lines));
        Decision::Accept([Fact::first(id, StockReserved { order_id: id })].into_iter().chain(out).collect())
    }

    /// An order that has left already is booked in and out at once.
    fn catch_up(&mut self, id: OrderId, lines: Lines, at: Timestamp) -> Decision<Tells> {
        if !self.shortages(&lines).is_empty() {
            // The goods were there, so the count is wrong: once it is adjusted, this can be redriven.
            return impossible("dispatched, but by our count its goods were never there");
        }
        self.set_aside(&lines);
        let out = self.told(id, 0, &lines, |now, quantity| now + quantity);
        self.commit(id, lines, at);
        let booked = [
            Fact::first(id, StockReserved { order_id: id }),
            Fact::first(id, StockCommitted { order_id: id }),
        ];
        Decision::Accept(booked.into_iter().chain(out).collect())
    }

    fn shortages(&self, lines: &Lines) -> Vec<Shortage> {
        let short = lines.iter().filter_map(|(sku, &wanted)| {
            let available = self.level(sku).available();
            (available < wanted).then(|| Shortage {
                sku: sku.clone(),
                wanted: wanted.unsigned_abs(),
                available: available.max(0).unsigned_abs(),
            })
        });
        short.take(MAX_SHORTAGES).collect()
    }

    /// The news about SKUs that ran out (`count` 0) or are to be had again (1); none for most orders. `before` says how
    /// many could be sold before, of how many can be sold now and the order's quantity.
    fn told(
        &self,
        id: OrderId,
        count: u8,
        lines: &Lines,
        before: impl Fn(i64, i64) -> i64,
    ) -> Option<Fact<Tells>> {
        let news = |(sku, &quantity): (&Sku, &i64)| {
            let level = self.level(sku);
            let available = level.available() > 0;
            let was_available = before(level.available(), quantity) > 0;
            (available != was_available).then(|| Availability {
                sku: sku.clone(),
                available,
                version: level.version,
            })
        };
        let levels: Vec<Availability> = lines.iter().filter_map(news).collect();
        let news = StockAvailabilityChanged { order_id: id, levels };
        (!news.levels.is_empty()).then(|| Fact::nth(id, count, news))
    }

    fn set_aside(&mut self, lines: &Lines) {
        for (sku, &quantity) in lines {
            self.change(sku, 0, quantity);
        }
    }

    fn commit(&mut self, id: OrderId, lines: Lines, at: Timestamp) {
        for (line, (sku, quantity)) in (0..).zip(&lines) {
            self.change(sku, -quantity, -quantity);
            self.movements.push(Movement {
                sku: sku.clone(),
                quantity: -quantity,
                cause: Cause::Commit(id),
                line,
                reason: None,
                at,
            });
        }
        self.orders.put(id, Holding::Committed(lines));
    }
}

/// The lines of an order, equal SKUs put together: 1,000 lines of a million pieces are far from overflowing.
fn together(lines: &[Line]) -> Lines {
    let mut sums = Lines::new();
    for line in lines {
        *sums.entry(line.sku.clone()).or_default() += i64::from(line.quantity);
    }
    sums
}

fn impossible(why: &str) -> Decision<Tells> {
    Decision::Ignore(Why::Impossible(why.to_owned()))
}
