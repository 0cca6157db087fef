//! Orders: its tables in memory, and what its `load` and `save` do.

use super::{Left, bit, left_twice, load_left, lock_of, save_left};
use crate::{
    broken::{Broken, must},
    letter::{Letter, NO_ORDER, number_of, order_id},
    mutants::{self, Mutant},
    part::{Locks, Part, Service},
};
use chassis::{Decision, Heard};
use contracts::{CancelReason, MessageEnum, MessageId, OrderId, Sku, Timestamp};
use orders::{
    Book, Hears, Rules, Tells,
    domain::{FirstUse, IdempotencyKey, Known, Price, Row, Status},
};
use std::{collections::BTreeMap, rc::Rc};

/// The service.
pub struct Orders;

/// Its database.
#[derive(Debug, Default)]
pub struct Shop {
    /// The orders.
    pub orders: BTreeMap<OrderId, Row>,
    /// First uses of idempotency keys.
    pub keys: BTreeMap<IdempotencyKey, FirstUse>,
    /// The copy of the catalog.
    pub products: BTreeMap<Sku, Price>,
    /// Customers whose accounts are gone.
    pub left: Left,
    /// The latest time until which an order's payment is known to be pending.
    pub patience: BTreeMap<OrderId, Timestamp>,
    /// Entries in each order's timeline.
    pub timeline: BTreeMap<OrderId, i64>,
}

impl Shop {
    fn of_key(&self, heard: &Hears) -> Option<(IdempotencyKey, &FirstUse)> {
        let Hears::PlaceOrder(place) = heard else { return None };
        let key = (place.customer_id, place.idempotency_key.clone());
        self.keys.get(&key).map(|first| (key, first))
    }

    /// The orders that a message touches: its own, its original, the one that its key stands for.
    fn touched(&self, letter: &Letter) -> impl Iterator<Item = OrderId> {
        let own = (letter.order != NO_ORDER).then(|| order_id(letter.order));
        let original = own.and_then(|own| match &self.orders.get(&own)?.known {
            Known::Alias(of) => Some(*of),
            Known::Awaited(_) | Known::Placed(_) => None,
        });
        let first = Orders::heard(letter).and_then(|heard| self.of_key(&heard.message));
        let first = first.map(|(_, first)| first.order_id);
        own.into_iter().chain(original).chain(first)
    }
}

impl Part for Orders {
    const SERVICE: Service = Service::Orders;
    const STATES: &'static [&'static str] = &[
        "unknown",
        "awaited",
        "alias",
        "placed",
        "stock_reserved",
        "paid",
        "confirmed",
        "wanted_back",
        "dispatched",
        "completed",
        "cancelled",
        "new product",
        "known product",
        "new leaver",
        "known leaver",
    ];
    type Hears = Hears;
    type Tells = Tells;
    type Tables = Shop;
    type Rows = Book;

    fn heard(letter: &Letter) -> Option<&Heard<Hears>> {
        letter.orders.as_deref()
    }

    fn locks(tables: &Shop, letter: &Letter) -> Locks {
        let rows = tables.touched(letter).filter(|id| tables.orders.contains_key(id));
        let orders = rows.fold(0, |locks, id| locks | bit(number_of(id.0)));
        match Self::heard(letter).map(|heard| &heard.message) {
            Some(Hears::ProductChanged(product)) => orders | lock_of(&product.sku),
            _ => orders,
        }
    }

    fn load(tables: &Shop, batch: &[Rc<Letter>]) -> Book {
        let ids = batch.iter().flat_map(|letter| tables.touched(letter));
        let orders = ids.filter_map(|id| Some((id, tables.orders.get(&id)?.clone())));
        let heard = || batch.iter().filter_map(|letter| Some(&Self::heard(letter)?.message));
        let keys = heard().filter_map(|heard| tables.of_key(heard)).map(|(key, first)| (key, first.clone()));
        let (mut products, mut gone) = (Vec::new(), Vec::new());
        for message in heard() {
            if let Hears::PlaceOrder(place) = message {
                products.extend(place.lines.iter().map(|line| &line.sku));
            }
            if let Hears::ProductChanged(product) = message {
                products.push(&product.sku);
            }
            if let Hears::UserDeleted(user) = message {
                gone.push(user);
            }
        }
        let products =
            products.into_iter().filter_map(|sku| Some((sku.clone(), tables.products.get(sku)?.clone())));
        Book {
            rules: Rules::default(),
            orders: orders.collect(),
            keys: keys.collect(),
            products: products.collect(),
            leavers: load_left(&tables.left, gone.into_iter()),
            timeline: vec![],
        }
    }

    fn state(rows: &Book, letter: &Letter) -> usize {
        if letter.order == NO_ORDER {
            let heard = Self::heard(letter).map(|heard| &heard.message);
            if let Some(Hears::UserDeleted(gone)) = heard {
                return 13 + usize::from(rows.leavers.get(&gone.user_id).is_some());
            }
            let Some(Hears::ProductChanged(product)) = heard else { return 11 };
            return 11 + usize::from(rows.products.get(&product.sku).is_some());
        }
        match rows.orders.get(&order_id(letter.order)).map(|row| &row.known) {
            None => 0,
            Some(Known::Awaited(_)) => 1,
            Some(Known::Alias(_)) => 2,
            Some(Known::Placed(order)) => match order.status {
                Status::Placed => 3,
                Status::StockReserved => 4,
                Status::Paid => 5,
                Status::Confirmed if order.wanted.is_none() => 6,
                Status::Confirmed => 7,
                Status::Dispatched => 8,
                Status::Completed => 9,
                Status::Cancelled => 10,
            },
        }
    }

    fn decide(rows: &mut Book, heard: &Heard<Hears>, bend: Mutant) -> Decision<Tells> {
        mutants::orders(rows, heard, bend)
    }

    fn lawful(before: &Shop, after: &Book) -> Result<(), Broken> {
        for (id, row) in after.orders.iter() {
            let was = before.orders.get(id).map(|row| &row.known);
            let (Some(Known::Placed(was)), now) = (was, &row.known) else { continue };
            let Known::Placed(now) = now else {
                return Err(Broken::by(*id, "a placed order stays placed", format!("{:?}", row.known)));
            };
            let forward = was.status == now.status
                || (now.status > was.status && was.status < Status::Completed)
                    && (now.status != Status::Cancelled || was.status <= Status::Confirmed);
            let told = || format!("from {:?} to {:?}", was.status, now.status);
            must(forward, *id, "an order's status only moves forward", told)?;
            let expired = now.status != was.status && now.reason == Some(CancelReason::Expired);
            must(!(expired && was.captured), *id, "what is paid does not expire", told)?;
            must(now.deadline >= was.deadline, *id, "a deadline only moves later", told)?;
        }
        Ok(())
    }

    fn raced(rows: &Book, tables: &Shop) -> bool {
        rows.orders.fresh().any(|(id, _)| tables.orders.contains_key(id))
            || rows.keys.fresh().any(|(key, _)| tables.keys.contains_key(key))
            || left_twice(&rows.leavers, &tables.left)
    }

    fn save(rows: &Book, tables: &mut Shop) {
        for (id, row) in rows.orders.fresh().chain(rows.orders.changed()) {
            let mut row = row.clone();
            if let Known::Placed(order) = &mut row.known {
                // As the rows come from the database: no decision reads it.
                order.goods = None;
            }
            tables.orders.insert(*id, row);
        }
        for (key, first) in rows.keys.fresh() {
            tables.keys.insert(key.clone(), first.clone());
        }
        for (sku, price) in rows.products.fresh().chain(rows.products.changed()) {
            tables.products.insert(sku.clone(), price.clone());
        }
        save_left(&rows.leavers, &mut tables.left);
        for entry in &rows.timeline {
            tables.timeline.entry(entry.order_id).and_modify(|seq| *seq += 1).or_insert(1);
        }
    }

    fn always(tables: &Shop) -> Result<(), Broken> {
        for (id, row) in &tables.orders {
            let entries = tables.timeline.get(id).copied().unwrap_or_default();
            let found = || format!("{entries} entries, and the row says {}", row.seq);
            must(entries == row.seq, *id, "a timeline has no gap", found)?;
            if let (Known::Placed(order), Some(patience)) = (&row.known, tables.patience.get(id)) {
                let found = || format!("until {}, pending until {patience}", order.deadline);
                let waits = order.deadline >= *patience || !order.is_open();
                must(waits, *id, "an order waits as long as its payment is pending", found)?;
            }
        }
        Ok(())
    }

    fn committed(tables: &mut Shop, letter: &Letter) {
        if let Some(Hears::PaymentPending(pending)) = Self::heard(letter).map(|heard| &heard.message) {
            let patience = tables.patience.entry(pending.order_id).or_insert(pending.expires_at);
            *patience = (*patience).max(pending.expires_at);
        }
    }

    fn letter(fact: &Tells, id: MessageId, at: Timestamp, order: u8) -> Letter {
        let letter = Letter::new(Some(fact.info()), id, at, order);
        match fact {
            Tells::OrderCreated(m) => letter.to_inventory(m).to_payments(m).to_shipping(m),
            Tells::OrderConfirmed(m) => letter.to_shipping(m),
            Tells::OrderCancelled(m) => letter.to_inventory(m).to_payments(m).to_shipping(m),
            Tells::OrderCancelRequested(m) => letter.to_shipping(m),
            Tells::OrderCancelRefused(_) | Tells::OrderCompleted(_) | Tells::OrderDuplicate(_) => letter,
        }
    }
}
