//! The world: four services, the outside, people; a storm of faults, then a heal that must lead to rest.

mod heal;
mod shop;

use crate::{
    air::Air,
    broken::Broken,
    desk::Desk,
    faults::Faults,
    letter::{Letter, number_of, order_id},
    outside::{Calls, Lease, Ledgers},
    part::{Part, Service},
    parts::{Accounts, Inventory, Orders, Payments, Shipping},
    plan::{Deed, Plan, When, Who, Wish},
};
use contracts::{ExpireOrder, MessageId, OrderId, Timestamp};
use orders::domain::{Known, Order, Status};
use payments::domain::State;
use shipping::domain::State as Sent;
use shop::{docks, shelves, shop};
use std::rc::Rc;

/// All there is.
pub struct World {
    /// What people want.
    pub plan: Plan,
    /// What they have not done about it yet.
    pub wishes: Vec<Wish>,
    /// Who was sent a command about an order, and which.
    pub sent: Vec<Wish>,
    /// `orders`.
    pub orders: Desk<Orders>,
    /// `inventory`.
    pub inventory: Desk<Inventory>,
    /// `payments`.
    pub payments: Desk<Payments>,
    /// `shipping`.
    pub shipping: Desk<Shipping>,
    /// What was done outside.
    pub ledgers: Ledgers,
    /// What is on its way there.
    pub calls: Calls,
    /// What all share.
    pub air: Air,
    replicas: usize,
}

impl World {
    /// With a shop that has these goods, and nothing that happened yet.
    #[must_use]
    pub fn new(plan: Plan, mut air: Air) -> Self {
        let replicas = 1 + air.random.below(2);
        let batch = air.random.pick(&[1, 3, 6]);
        let desk = |n: usize| (n.max(1), batch);
        let ((r, b), wishes) = (desk(replicas), plan.wishes.clone());
        Self {
            orders: Desk::new(shop(), r, b),
            inventory: Desk::new(shelves(&plan), r, b),
            payments: Desk::new(Accounts::default(), r, b),
            shipping: Desk::new(docks(&plan), r, b),
            ledgers: Ledgers::default(),
            calls: Calls::new(plan.refused.clone()),
            sent: vec![],
            replicas,
            wishes,
            plan,
            air,
        }
    }

    /// Things happen in any order, and go wrong.
    ///
    /// # Errors
    /// The law that a step breaks.
    pub fn storm(&mut self) -> Result<(), Broken> {
        let steps = 40 + self.air.random.below(110 * self.plan.buyers.len() + 40);
        for _ in 0..steps {
            self.air.step();
            self.go_wrong();
            match self.air.random.below(100) {
                0..=5 => self.act(),
                6..=14 => self.lease(),
                15..=24 => drop(self.calls.arrive(&mut self.ledgers, &mut self.air)),
                _ => self.work()?,
            }
            self.deliver();
        }
        Ok(())
    }

    /// One step of some service that has something to do.
    fn work(&mut self) -> Result<(), Broken> {
        let first = self.air.random.below(4 * self.replicas);
        for n in first..first + 4 * self.replicas {
            let (air, replica) = (&mut self.air, n / 4 % self.replicas);
            let worked = match Service::ALL[n % 4] {
                Service::Orders => self.orders.advance(replica, air)?,
                Service::Inventory => self.inventory.advance(replica, air)?,
                Service::Payments => self.payments.advance(replica, air)?,
                Service::Shipping => self.shipping.advance(replica, air)?,
            };
            if worked {
                break;
            }
        }
        Ok(())
    }

    fn lease(&mut self) {
        let air = &mut self.air;
        let lost = air.random.chance(air.faults.lease_lost * 5);
        let which = if lost {
            Lease::Lost
        } else if air.random.chance(200) {
            Lease::Lapsed
        } else {
            Lease::Due
        };
        let _: bool = self.calls.lease(which, &mut self.payments, &mut self.shipping, air);
    }

    /// Faults that come of their own accord.
    fn go_wrong(&mut self) {
        let Faults { crash, redelivered, timeout, deadline, bank, .. } = self.air.faults;
        let which = self.air.random.below(64);
        if self.air.random.chance(crash) {
            let (air, replica) = (&mut self.air, which / 4 % self.replicas);
            match Service::ALL[which % 4] {
                Service::Orders => self.orders.crash(replica, air),
                Service::Inventory => self.inventory.crash(replica, air),
                Service::Payments => self.payments.crash(replica, air),
                Service::Shipping => self.shipping.crash(replica, air),
            }
        }
        if self.air.random.chance(redelivered) {
            let air = &mut self.air;
            match Service::ALL[which % 4] {
                Service::Orders => self.orders.redeliver(which, air),
                Service::Inventory => self.inventory.redeliver(which, air),
                Service::Payments => self.payments.redeliver(which, air),
                Service::Shipping => self.shipping.redeliver(which, air),
            }
        }
        if self.air.random.chance(timeout) {
            self.calls.time_out(&mut self.payments, &mut self.shipping, &mut self.air);
        }
        if self.air.random.chance(deadline) {
            let due: Vec<_> = self.due().collect();
            if !due.is_empty() {
                let (order, at) = due[which % due.len()];
                self.expire(order, at);
            }
        }
        if self.air.random.chance(bank) {
            self.ledgers.decide(&self.payments.tables.rules, &mut self.air);
        }
        // A dead letter is redriven by an operator who noticed it.
        if self.air.faults.poison > 0 && self.air.random.chance(20) {
            let _: bool = self.redrive_one();
        }
    }

    /// Somebody does something.
    fn act(&mut self) {
        if self.wishes.is_empty() {
            return;
        }
        let which = self.air.random.below(self.wishes.len());
        if self.is_due(&self.wishes[which]) {
            self.fulfil(which);
        }
    }

    fn fulfil(&mut self, which: usize) {
        let wish = self.wishes.swap_remove(which);
        let letter = self.plan.letter(&wish, &mut self.air);
        self.air.note(50, Some(&letter), || format!("somebody wants {:?}: {}", wish.deed, letter.words()));
        self.air.publish_surely(&letter);
        if self.air.random.chance(self.air.faults.resent) {
            self.air.publish_surely(&letter);
        }
        self.sent.push(wish);
    }

    fn is_due(&self, wish: &Wish) -> bool {
        let status = || self.order(wish.order).map(|order| order.status);
        let payment = || self.payments.tables.accounts.get(&order_id(wish.order)).map(|a| &a.payment);
        match wish.when {
            When::Anytime => true,
            When::Confirmed => status() == Some(Status::Confirmed),
            When::Dispatched => {
                let shipment = self.shipping.tables.shipments.get(&order_id(wish.order));
                shipment.is_some_and(|s| matches!(s.state, Sent::Dispatched(_) | Sent::Delivered(_)))
            }
            When::Unpaid => payment().is_some_and(|p| matches!(p.state, State::Pending | State::Declined)),
            When::Captured => payment().is_some_and(|p| p.captured_by.is_some()),
        }
    }

    /// An order that was placed.
    #[must_use]
    pub fn order(&self, number: u8) -> Option<&Order> {
        match &self.orders.tables.orders.get(&order_id(number))?.known {
            Known::Placed(order) => Some(order),
            Known::Alias(_) | Known::Awaited(_) => None,
        }
    }

    /// Orders whose deadline the sweep would find, once it has passed.
    fn due(&self) -> impl Iterator<Item = (OrderId, Timestamp)> + '_ {
        self.orders.tables.orders.values().filter_map(|row| match &row.known {
            Known::Placed(order)
                if !order.captured && matches!(order.status, Status::Placed | Status::StockReserved) =>
            {
                Some((order.id, order.deadline))
            }
            Known::Placed(_) | Known::Alias(_) | Known::Awaited(_) => None,
        })
    }

    /// Time passes until an order's deadline, and its sweep tells.
    fn expire(&mut self, order_id: OrderId, due_at: Timestamp) {
        self.air.now = self.air.now.max(due_at);
        let id = MessageId::named(&["order.expire", &order_id.to_string(), &due_at.to_string()]);
        let order = number_of(order_id.0);
        let letter = self.air.letter(id, order, &ExpireOrder { order_id, due_at }, |l, m| l.to_orders(m));
        self.air.note(51, Some(&letter), || format!("the deadline of {order_id} passes"));
        self.air.publish_surely(&letter);
    }

    /// Asks to redrive a dead letter; false if there is none.
    fn redrive_one(&mut self) -> bool {
        redrive(&mut self.orders, &mut self.air)
            || redrive(&mut self.inventory, &mut self.air)
            || redrive(&mut self.payments, &mut self.air)
            || redrive(&mut self.shipping, &mut self.air)
    }

    /// What has arrived in the streams goes to those who listen.
    fn deliver(&mut self) {
        for letter in std::mem::take(&mut self.air.arrived) {
            self.orders.offer(&letter, &mut self.air);
            self.inventory.offer(&letter, &mut self.air);
            self.payments.offer(&letter, &mut self.air);
            self.shipping.offer(&letter, &mut self.air);
        }
    }
}

fn redrive<P: Part>(desk: &mut Desk<P>, air: &mut Air) -> bool {
    let Some(dead) = desk.dead.pop() else { return false };
    let mut wish = Letter::new(None, air.fresh_id(), air.now, dead.order);
    wish.redrive = Some((P::SERVICE, dead.id));
    air.note(52, Some(&dead), || format!("an operator redrives {} in {}", dead.name(), P::SERVICE.name()));
    air.publish_surely(&Rc::new(wish));
    if air.random.chance(300) {
        // And a second one does, too.
        let mut again = Letter::new(None, air.fresh_id(), air.now, dead.order);
        again.redrive = Some((P::SERVICE, dead.id));
        air.publish_surely(&Rc::new(again));
    }
    true
}

/// The id, by number, that a wish to cancel names; none unless it is that of somebody who may.
#[must_use]
pub fn rightful_cancel(wish: &Wish) -> Option<u8> {
    match wish.deed {
        Deed::Cancel(Who::Owner | Who::Admin, which) => Some(wish.order + which),
        Deed::Cancel(Who::Stranger, _)
        | Deed::Place
        | Deed::PlaceAgain
        | Deed::PlaceOther
        | Deed::Pay(..)
        | Deed::Verify(_)
        | Deed::Refund(..)
        | Deed::Dispatch
        | Deed::Deliver
        | Deed::Receive(..)
        | Deed::Adjust(..)
        | Deed::Product(..)
        | Deed::Leave => None,
    }
}
