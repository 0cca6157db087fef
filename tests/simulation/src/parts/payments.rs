//! Payments: its tables in memory, and what its `load` and `save` do.

use super::{Left, bit, left_twice, load_left, save_left};
use crate::{
    broken::{Broken, must},
    letter::{Letter, NO_ORDER, order_id},
    mutants::{self, Mutant},
    part::{Locks, Part, Service},
};
use chassis::{Decision, Heard};
use contracts::{Amount, MessageEnum, MessageId, OrderId, Timestamp};
use payments::{
    Hears, Rules, Tells,
    domain::{Account, RefundState, State, Till},
};
use std::{collections::BTreeMap, rc::Rc};

/// The service.
pub struct Payments;

/// Its database.
#[derive(Debug, Default)]
pub struct Accounts {
    /// What it knows of the provider.
    pub rules: Rules,
    /// By order.
    pub accounts: BTreeMap<OrderId, Account>,
    /// Customers whose accounts are gone.
    pub left: Left,
}

impl Accounts {
    fn of(&self, letter: &Letter) -> Option<&Account> {
        (letter.order != NO_ORDER).then(|| self.accounts.get(&order_id(letter.order)))?
    }
}

impl Part for Payments {
    const SERVICE: Service = Service::Payments;
    const STATES: &'static [&'static str] = &[
        "unknown",
        "owes",
        "ready",
        "charging",
        "pending",
        "captured",
        "declined",
        "voided",
        "refunding",
        "refunded",
        "new leaver",
        "known leaver",
    ];
    type Hears = Hears;
    type Tells = Tells;
    type Tables = Accounts;
    type Rows = Till;

    fn heard(letter: &Letter) -> Option<&Heard<Hears>> {
        letter.payments.as_deref()
    }

    fn locks(tables: &Accounts, letter: &Letter) -> Locks {
        if tables.of(letter).is_some() { bit(letter.order) } else { 0 }
    }

    fn load(tables: &Accounts, batch: &[Rc<Letter>]) -> Till {
        let accounts = batch.iter().filter_map(|letter| Some((letter.order, tables.of(letter)?)));
        let accounts = accounts.map(|(number, account)| (order_id(number), account.clone()));
        let gone = batch.iter().filter_map(|letter| {
            let Hears::UserDeleted(gone) = &Self::heard(letter)?.message else { return None };
            Some(gone)
        });
        let leavers = load_left(&tables.left, gone);
        Till { rules: tables.rules.clone(), accounts: accounts.collect(), leavers }
    }

    fn state(rows: &Till, letter: &Letter) -> usize {
        if let Some(Hears::UserDeleted(gone)) = Self::heard(letter).map(|heard| &heard.message) {
            return 10 + usize::from(rows.leavers.get(&gone.user_id).is_some());
        }
        match rows.accounts.get(&order_id(letter.order)).map(|account| account.payment.state) {
            None => 0,
            Some(State::Owes) => 1,
            Some(State::Ready) => 2,
            Some(State::Charging) => 3,
            Some(State::Pending) => 4,
            Some(State::Captured) => 5,
            Some(State::Declined) => 6,
            Some(State::Voided) => 7,
            Some(State::Refunding) => 8,
            Some(State::Refunded) => 9,
        }
    }

    fn decide(rows: &mut Till, heard: &Heard<Hears>, bend: Mutant) -> Decision<Tells> {
        mutants::payments(rows, heard, bend)
    }

    fn lawful(before: &Accounts, after: &Till) -> Result<(), Broken> {
        for (id, now) in after.accounts.iter() {
            let Some(was) = before.accounts.get(id) else { continue };
            let (was, now) = (&was.payment, &now.payment);
            let told = || format!("from {was:?} to {now:?}");
            let same = was.captured_by.is_none() || was.captured_by == now.captured_by;
            must(same, *id, "an order is paid once", told)?;
            must(now.refunded >= was.refunded, *id, "money that went back does not return", told)?;
            must(now.cancelled || !was.cancelled, *id, "what is cancelled stays so", told)?;
        }
        Ok(())
    }

    fn raced(rows: &Till, tables: &Accounts) -> bool {
        rows.accounts.fresh().any(|(id, _)| tables.accounts.contains_key(id))
            || left_twice(&rows.leavers, &tables.left)
    }

    fn save(rows: &Till, tables: &mut Accounts) {
        for (id, account) in rows.accounts.fresh().chain(rows.accounts.changed()) {
            tables.accounts.insert(*id, account.clone());
        }
        save_left(&rows.leavers, &mut tables.left);
    }

    fn always(tables: &Accounts) -> Result<(), Broken> {
        for (id, account) in &tables.accounts {
            let payment = &account.payment;
            let found = || format!("{payment:?} {:?}", account.refunds);
            let sum = |counts: fn(RefundState) -> bool| -> i64 {
                let of_order = account.refunds.iter().filter(|(_, r)| Some(r.of) == payment.captured_by);
                of_order.filter(|(_, r)| counts(r.state)).map(|(_, r)| r.amount.minor()).sum()
            };
            let counted = sum(|state| state != RefundState::Failed);
            must(counted <= payment.captured.minor(), *id, "no more goes back than came in", found)?;
            must(counted == payment.counted.minor(), *id, "every refund that may succeed counts", found)?;
            let refunded = sum(|state| state == RefundState::Succeeded);
            must(refunded == payment.refunded.minor(), *id, "what went back is the sum of refunds", found)?;
            let live = account.attempts.iter().filter(|(_, attempt)| attempt.is_live_charge()).count();
            must(live <= 1, *id, "at most one charge is open at a time", found)?;
            let paid = payment.captured_by.is_some() || payment.captured == Amount::ZERO;
            must(paid, *id, "money comes by a charge", found)?;
        }
        Ok(())
    }

    fn letter(fact: &Tells, id: MessageId, at: Timestamp, order: u8) -> Letter {
        let letter = Letter::new(Some(fact.info()), id, at, order);
        match fact {
            Tells::PaymentAnswered(m) => letter.to_payments(m),
            Tells::PaymentCaptured(m) => letter.to_orders(m).to_shipping(m),
            Tells::PaymentPending(m) => letter.to_orders(m),
            Tells::PaymentDeclined(m) => letter.to_orders(m),
            Tells::PaymentVoided(m) => letter.to_orders(m),
            Tells::PaymentRefunded(m) => letter.to_orders(m),
            Tells::PaymentRefundFailed(m) => letter.to_orders(m),
            Tells::PaymentCommandRefused(_) => letter,
        }
    }
}
