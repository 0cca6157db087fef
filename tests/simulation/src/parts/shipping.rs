//! Shipping: its tables in memory, and what its `load` and `save` do.

use super::{Left, SLOTS, bit, left_twice, load_left, save_left};
use crate::{
    broken::{Broken, must},
    letter::{Letter, NO_ORDER, order_id},
    mutants::{self, Mutant},
    part::{Locks, Part, Service},
};
use chassis::{Decision, Heard};
use contracts::{MessageEnum, MessageId, OrderId, Timestamp};
use shipping::{
    Hears, Tells,
    domain::{Attempt, Dock, Room, Shipment, SlotKey, State, Zones},
};
use std::{collections::BTreeMap, rc::Rc};

/// The service.
pub struct Shipping;

/// Its database.
#[derive(Debug, Default)]
pub struct Docks {
    /// What is known of each order.
    pub shipments: BTreeMap<OrderId, Shipment>,
    /// What the carrier is asked to do.
    pub attempts: BTreeMap<(OrderId, i16), Attempt>,
    /// Where the shop delivers.
    pub zones: Zones,
    /// Places in slots.
    pub slots: BTreeMap<SlotKey, Room>,
    /// Customers whose accounts are gone.
    pub left: Left,
}

impl Docks {
    fn of(&self, letter: &Letter) -> Option<&Shipment> {
        (letter.order != NO_ORDER).then(|| self.shipments.get(&order_id(letter.order)))?
    }

    /// The attempts of an order, by number.
    pub fn attempts_of(&self, id: OrderId) -> impl Iterator<Item = (&(OrderId, i16), &Attempt)> {
        self.attempts.range((id, 0)..=(id, i16::MAX))
    }
}

impl Part for Shipping {
    const SERVICE: Service = Service::Shipping;
    const STATES: &'static [&'static str] = &[
        "unknown",
        "expected",
        "held",
        "booking",
        "scheduled",
        "scheduled_confirmed",
        "rejected",
        "dispatched",
        "delivered",
        "cancelled",
        "tombstone",
        "new leaver",
        "known leaver",
    ];
    type Hears = Hears;
    type Tells = Tells;
    type Tables = Docks;
    type Rows = Dock;

    fn heard(letter: &Letter) -> Option<&Heard<Hears>> {
        letter.shipping.as_deref()
    }

    fn locks(tables: &Docks, letter: &Letter) -> Locks {
        let known = tables.of(letter);
        let order = if known.is_some() { bit(letter.order) } else { 0 };
        match Self::heard(letter).map(|heard| &heard.message) {
            Some(Hears::OrderCreated(_)) if known.is_none_or(|s| s.state == State::Expected) => order | SLOTS,
            Some(Hears::ShipmentAnswered(_) | Hears::OrderCancelled(_) | Hears::OrderCancelRequested(_))
                if known.is_some_and(|s| s.slot.is_some() && s.state.is_live()) =>
            {
                order | SLOTS
            }
            _ => order,
        }
    }

    fn load(tables: &Docks, batch: &[Rc<Letter>]) -> Dock {
        let shipments = batch.iter().filter_map(|letter| Some((letter.order, tables.of(letter)?)));
        let locks = batch.iter().fold(0, |locks, letter| locks | Self::locks(tables, letter));
        let mut dock = Dock {
            shipments: shipments.map(|(number, known)| (order_id(number), known.clone())).collect(),
            ..Dock::default()
        };
        let with_attempts = |letter: &&Rc<Letter>| match Self::heard(letter).map(|heard| &heard.message) {
            Some(Hears::ShipmentAnswered(_) | Hears::OrderCancelled(_) | Hears::OrderCancelRequested(_)) => {
                true
            }
            Some(
                Hears::OrderCreated(_)
                | Hears::PaymentCaptured(_)
                | Hears::OrderConfirmed(_)
                | Hears::DispatchShipment(_)
                | Hears::DeliverShipment(_)
                | Hears::UserDeleted(_),
            )
            | None => false,
        };
        let of = batch.iter().filter(with_attempts).flat_map(|l| tables.attempts_of(order_id(l.order)));
        dock.attempts = of.map(|(key, attempt)| (*key, attempt.clone())).collect();
        let gone = batch.iter().filter_map(|letter| {
            let Hears::UserDeleted(gone) = &Self::heard(letter)?.message else { return None };
            Some(gone)
        });
        dock.leavers = load_left(&tables.left, gone);
        if locks & SLOTS != 0 {
            dock.zones = tables.zones.clone();
            dock.slots = tables.slots.iter().map(|(key, room)| (key.clone(), *room)).collect();
        }
        dock
    }

    fn state(rows: &Dock, letter: &Letter) -> usize {
        if let Some(Hears::UserDeleted(gone)) = Self::heard(letter).map(|heard| &heard.message) {
            return 11 + usize::from(rows.leavers.get(&gone.user_id).is_some());
        }
        let Some(known) = rows.shipments.get(&order_id(letter.order)) else { return 0 };
        match &known.state {
            State::Expected => 1,
            State::Held => 2,
            State::Booking => 3,
            State::Scheduled(_) if !known.confirmed => 4,
            State::Scheduled(_) => 5,
            State::Rejected => 6,
            State::Dispatched(_) => 7,
            State::Delivered(_) => 8,
            State::Cancelled => 9,
            State::Tombstone => 10,
        }
    }

    fn decide(rows: &mut Dock, heard: &Heard<Hears>, bend: Mutant) -> Decision<Tells> {
        mutants::shipping(rows, heard, bend)
    }

    fn lawful(before: &Docks, after: &Dock) -> Result<(), Broken> {
        for (id, now) in after.shipments.iter() {
            let Some(was) = before.shipments.get(id).map(|known| &known.state) else { continue };
            let now = &now.state;
            let fits = match (was, now) {
                (State::Dispatched(_), State::Dispatched(_) | State::Delivered(_)) => true,
                (
                    State::Dispatched(_)
                    | State::Delivered(_)
                    | State::Rejected
                    | State::Cancelled
                    | State::Tombstone,
                    _,
                ) => was == now,
                (State::Expected | State::Held | State::Booking | State::Scheduled(_), _) => true,
            };
            must(fits, *id, "a shipment that has ended stays ended", || format!("from {was:?} to {now:?}"))?;
        }
        Ok(())
    }

    fn raced(rows: &Dock, tables: &Docks) -> bool {
        rows.shipments.fresh().any(|(id, _)| tables.shipments.contains_key(id))
            || rows.attempts.fresh().any(|(key, _)| tables.attempts.contains_key(key))
            || left_twice(&rows.leavers, &tables.left)
    }

    fn save(rows: &Dock, tables: &mut Docks) {
        for (id, shipment) in rows.shipments.fresh().chain(rows.shipments.changed()) {
            tables.shipments.insert(*id, shipment.clone());
        }
        for (key, attempt) in rows.attempts.fresh().chain(rows.attempts.changed()) {
            tables.attempts.insert(*key, attempt.clone());
        }
        save_left(&rows.leavers, &mut tables.left);
        for (key, room) in rows.slots.changed() {
            tables.slots.insert(key.clone(), *room);
        }
    }

    fn always(tables: &Docks) -> Result<(), Broken> {
        for (key, room) in &tables.slots {
            let here = |s: &&Shipment| s.state.is_live() && s.slot.as_ref() == Some(&key.slot);
            let live = tables.shipments.values().filter(here).count();
            let taken = usize::try_from(room.taken).unwrap_or(usize::MAX);
            if taken != live || room.taken > room.capacity {
                let found = format!("{}: {room:?}, {live} live shipments", key.slot);
                return Err(Broken::somewhere("a slot's places are those of its live shipments", found));
            }
        }
        for ((id, _), attempt) in &tables.attempts {
            let known = tables.shipments.contains_key(id);
            must(known, *id, "the carrier is asked for known orders only", || format!("{attempt:?}"))?;
        }
        Ok(())
    }

    fn letter(fact: &Tells, id: MessageId, at: Timestamp, order: u8) -> Letter {
        let letter = Letter::new(Some(fact.info()), id, at, order);
        match fact {
            Tells::ShipmentHeld(m) => letter.to_orders(m).to_payments(m),
            Tells::ShipmentRejected(m) => letter.to_orders(m),
            Tells::ShipmentAnswered(m) => letter.to_shipping(m),
            Tells::ShipmentScheduled(m) => letter.to_orders(m),
            Tells::ShipmentCancelled(m) => letter.to_orders(m),
            Tells::ShipmentDispatched(m) => letter.to_orders(m).to_inventory(m),
            Tells::ShipmentDelivered(m) => letter.to_orders(m),
            Tells::ShipmentCommandRefused(_) => letter,
        }
    }
}
