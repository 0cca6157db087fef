//! The heal: no more faults, every call is answered, every deadline passes. All must come to rest, and soon.
//!
//! What was lost on its way comes last, so that much has happened meanwhile.

use super::World;
use crate::{broken::Broken, faults::Faults, outside::Lease, part::Service};
use contracts::OrderId;

/// Rounds of the heal. A storm leaves work for a few dozen.
const ROUNDS: usize = 5_000;
/// The bank changes its mind at most so often after the storm.
const SECOND_THOUGHTS: usize = 3;

impl World {
    /// Heals, and runs until nothing is left to happen.
    ///
    /// # Errors
    /// The law that a step breaks; that of coming to rest, when it does not.
    pub fn heal(&mut self) -> Result<(), Broken> {
        let bank = std::mem::replace(&mut self.air.faults, Faults::NONE).bank;
        self.air.note(60, None, || "no more faults".to_owned());
        let mut second_thoughts = if bank > 0 { self.air.random.below(SECOND_THOUGHTS + 1) } else { 0 };
        let mut expired = None;
        for _ in 0..ROUNDS {
            self.air.step();
            let soon = self.air.random.chance(300);
            let moved = self.go_on()?
                || (soon && self.think_again(&mut second_thoughts))
                || self.find_lost()
                || self.think_again(&mut second_thoughts)
                || self.let_time_pass(&mut expired)?;
            if !moved {
                return Ok(());
            }
            self.deliver();
        }
        Err(Broken::somewhere("all comes to rest", format!("not in {ROUNDS} rounds")))
    }

    /// Whatever is under way, due or wanted goes on. False if nothing is.
    fn go_on(&mut self) -> Result<bool, Broken> {
        let air = &mut self.air;
        let mut moved = self.orders.drain(air)?;
        moved |= self.inventory.drain(air)?;
        moved |= self.payments.drain(air)?;
        moved |= self.shipping.drain(air)?;
        moved |= self.calls.arrive(&mut self.ledgers, air);
        if moved || !self.air.arrived.is_empty() {
            return Ok(true);
        }
        if self.calls.lease(Lease::Due, &mut self.payments, &mut self.shipping, &mut self.air) {
            return Ok(true);
        }
        let due = self.wishes.iter().position(|wish| self.is_due(wish));
        due.into_iter().for_each(|which| self.fulfil(which));
        Ok(due.is_some())
    }

    /// A message that was lost is delivered again, a dead letter redriven, a call whose caller died made again.
    fn find_lost(&mut self) -> bool {
        let first = self.air.random.below(Service::ALL.len());
        let air = &mut self.air;
        let found = (first..first + 4).any(|n| match Service::ALL[n % 4] {
            Service::Orders => self.orders.redeliver_lost(air),
            Service::Inventory => self.inventory.redeliver_lost(air),
            Service::Payments => self.payments.redeliver_lost(air),
            Service::Shipping => self.shipping.redeliver_lost(air),
        });
        found
            || self.redrive_one()
            || self.calls.lease(Lease::Lapsed, &mut self.payments, &mut self.shipping, &mut self.air)
    }

    fn think_again(&mut self, thoughts: &mut usize) -> bool {
        if *thoughts == 0 {
            return false;
        }
        *thoughts -= 1;
        self.ledgers.decide(&self.payments.tables.rules, &mut self.air);
        true
    }

    /// Nothing is under way: a deadline passes. False if there is none.
    fn let_time_pass(&mut self, expired: &mut Option<OrderId>) -> Result<bool, Broken> {
        let Some((order, due_at)) = self.due().next() else { return Ok(false) };
        if *expired == Some(order) {
            let found = "its deadline passed, and it is open still";
            return Err(Broken::by(order, "every order is settled in the end", found));
        }
        *expired = Some(order);
        self.expire(order, due_at);
        Ok(true)
    }
}
