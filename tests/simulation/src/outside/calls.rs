//! The callers: lease attempts that are due, and publish the answers as the service's own events.

use super::{Key, Ledgers, ProviderCall};
use crate::{
    air::Air,
    desk::Desk,
    letter::number_of,
    mutants::Mutant,
    parts::{Payments, Shipping},
};
use contracts::{
    DeclineReason, Message, MessageId, OrderId, PaymentAnswered, PaymentPurpose, ProviderAnswer,
    ShipmentAnswered, Text,
};
use payments::domain::{Attempt, Progress};
use shipping::domain::{AttemptState, Purpose};

/// A request on its way to the outside.
#[derive(Debug, Clone)]
pub struct Call {
    /// Of which order.
    order: OrderId,
    what: What,
    /// Somebody still waits for the answer.
    awaited: bool,
}

#[derive(Debug, Clone)]
enum What {
    Provider(i32, Box<ProviderCall>, Box<Attempt>),
    Carrier(i16, Purpose),
}

impl What {
    /// The attempt's, the provider's told apart from the carrier's.
    fn number(&self) -> i32 {
        match self {
            Self::Provider(number, ..) => *number + PROVIDER,
            Self::Carrier(number, _) => i32::from(*number),
        }
    }
}

/// Which attempts may be leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// Those that are due.
    Due,
    /// Also those whose caller is gone: their lease has run out.
    Lapsed,
    /// Also those whose caller was stopped for longer than its lease, and goes on: the same call twice at once.
    Lost,
}

/// All requests on their way.
#[derive(Debug, Default)]
pub struct Calls {
    /// What they are.
    pub under_way: Vec<Call>,
    refusing: Vec<u8>,
}

impl Calls {
    /// None yet; the carrier refuses the parcels of these orders.
    #[must_use]
    pub const fn new(refusing: Vec<u8>) -> Self {
        Self { under_way: vec![], refusing }
    }

    /// Leases one of these attempts. False if there is none.
    pub fn lease(
        &mut self,
        which: Lease,
        payments: &mut Desk<Payments>,
        shipping: &mut Desk<Shipping>,
        air: &mut Air,
    ) -> bool {
        let mut due = self.due_at_provider(which, payments);
        due.extend(self.due_at_carrier(which, shipping));
        if due.is_empty() {
            return false;
        }
        let (order, number) = air.random.pick(&due);
        let step = u64::from(number_of(order.0));
        if number >= PROVIDER {
            let number = number - PROVIDER;
            let Some(call) = lease_at_provider(order, number, payments, air.mutant) else { return false };
            air.note(40 + step, None, || format!("{order}: the provider is called for attempt {number}"));
            self.under_way.push(call);
        } else {
            let number = i16::try_from(number).unwrap_or_default();
            let Some(attempt) = shipping.tables.attempts.get_mut(&(order, number)) else { return false };
            attempt.state = AttemptState::Leased;
            attempt.calls += 1;
            let what = What::Carrier(number, attempt.purpose);
            air.note(41 + step, None, || format!("{order}: the carrier is called for attempt {number}"));
            self.under_way.push(Call { order, what, awaited: true });
        }
        true
    }

    fn may_again(&self, which: Lease, order: OrderId, number: i32) -> bool {
        let same = |call: &Call| call.order == order && call.awaited && call.what.number() == number;
        match which {
            Lease::Due => false,
            Lease::Lapsed => !self.under_way.iter().any(same),
            Lease::Lost => true,
        }
    }

    fn due_at_provider(&self, which: Lease, payments: &Desk<Payments>) -> Vec<(OrderId, i32)> {
        let accounts = payments.tables.accounts.iter();
        let free = accounts.filter(|(order, _)| !payments.is_locked(1 << number_of(order.0)));
        let due = free.flat_map(|(order, account)| {
            let due = account.attempts.iter().filter(|(number, attempt)| match attempt.progress {
                Progress::Due => true,
                Progress::Leased => self.may_again(which, *order, **number + PROVIDER),
                Progress::Answered(_) | Progress::Withdrawn => false,
            });
            due.map(|(number, _)| (*order, *number + PROVIDER))
        });
        due.collect()
    }

    fn due_at_carrier(&self, which: Lease, shipping: &Desk<Shipping>) -> Vec<(OrderId, i32)> {
        let due = shipping.tables.attempts.iter().filter(|((order, number), attempt)| {
            let is_due = match attempt.state {
                AttemptState::Due => true,
                AttemptState::Leased => self.may_again(which, *order, i32::from(*number)),
                AttemptState::Answered(_) | AttemptState::Withdrawn => false,
            };
            is_due && !shipping.is_locked(1 << number_of(order.0))
        });
        due.map(|((order, number), _)| (*order, i32::from(*number))).collect()
    }

    /// A request arrives, the outside does what it is asked, and its answer is published, if nothing is lost.
    pub fn arrive(&mut self, ledgers: &mut Ledgers, air: &mut Air) -> bool {
        if self.under_way.is_empty() {
            return false;
        }
        let call = self.under_way.remove(air.random.below(self.under_way.len()));
        if air.random.chance(air.faults.call_lost) {
            air.note(42, None, || format!("{}: a call is lost", call.order));
            return true;
        }
        let order = number_of(call.order.0);
        let letter = match call.what {
            What::Provider(number, asked, attempt) => {
                let answer = ledgers.provide(&asked, air.now);
                let answered = payment_answered(call.order, number, *attempt, answer);
                let id = answer_id::<PaymentAnswered>(call.order, number);
                air.letter(id, order, &answered, |l, m| l.to_payments(m))
            }
            What::Carrier(number, purpose) => {
                let answer = match purpose {
                    Purpose::Book => ledgers.book((order, number), self.refusing.contains(&order)),
                    Purpose::Void { of_attempt } => ledgers.void((order, of_attempt)),
                };
                let carrier = Text::new("sandbox").expect("a text");
                let (order_id, attempt) = (call.order, i32::from(number));
                let answered =
                    ShipmentAnswered { order_id, attempt, purpose: purpose.into(), carrier, answer };
                let id = answer_id::<ShipmentAnswered>(call.order, attempt);
                air.letter(id, order, &answered, |l, m| l.to_shipping(m))
            }
        };
        air.note(43, Some(&letter), || format!("the outside did it: {}", letter.words()));
        if !call.awaited || air.random.chance(air.faults.answer_lost) {
            air.note(44, Some(&letter), || "and nobody hears of it".to_owned());
            return true;
        }
        // Not learning that it arrived, the caller leaves the attempt to its lease.
        let _: bool = air.publish(&letter);
        true
    }

    /// A call that is under way is given up: its attempt is due again, though it may still arrive.
    pub fn time_out(&mut self, payments: &mut Desk<Payments>, shipping: &mut Desk<Shipping>, air: &mut Air) {
        if self.under_way.is_empty() {
            return;
        }
        let which = air.random.below(self.under_way.len());
        let call = &mut self.under_way[which];
        call.awaited = false;
        let order = call.order;
        air.note(45, None, || format!("{order}: a call is given up"));
        if let (What::Provider(number, _, attempt), Mutant::TimeoutIsNo) = (&call.what, air.mutant)
            && attempt.purpose == PaymentPurpose::Charge
        {
            let no = ProviderAnswer::Declined { why: DeclineReason::Declined };
            let answered = payment_answered(order, *number, (**attempt).clone(), no);
            let id = answer_id::<PaymentAnswered>(order, *number);
            let letter = air.letter(id, number_of(order.0), &answered, |l, m| l.to_payments(m));
            air.publish_surely(&letter);
        }
        postpone(call, payments, shipping);
    }
}

/// Told apart from the carrier's attempts by this much.
const PROVIDER: i32 = 1 << 20;

fn lease_at_provider(
    order: OrderId,
    number: i32,
    payments: &mut Desk<Payments>,
    bend: Mutant,
) -> Option<Call> {
    let account = payments.tables.accounts.get_mut(&order)?;
    let attempt = account.attempts.change(&number)?;
    attempt.progress = Progress::Leased;
    if bend != Mutant::SentIsUnsent {
        attempt.calls += 1;
    }
    let attempt = attempt.clone();
    let of = number_of(order.0);
    let key = |number: i32| -> Key {
        // With the planted bug each call of a charge is a new one.
        let calls = account.attempts.get(&number).map_or(0, |attempt| attempt.calls);
        (of, number, if bend == Mutant::NoKey { calls } else { 0 })
    };
    let call = ProviderCall {
        purpose: attempt.purpose,
        key: key(number),
        of: attempt.of.map(key),
        method: attempt.means.method.clone(),
        amount: attempt.amount,
    };
    Some(Call { order, what: What::Provider(number, Box::new(call), Box::new(attempt)), awaited: true })
}

/// Gives the lease back, unless somebody holds the row or it was answered meanwhile.
fn postpone(call: &Call, payments: &mut Desk<Payments>, shipping: &mut Desk<Shipping>) {
    let row = 1 << number_of(call.order.0);
    match &call.what {
        What::Provider(number, ..) if !payments.is_locked(row) => {
            let account = payments.tables.accounts.get_mut(&call.order);
            if let Some(attempt) = account.and_then(|account| account.attempts.change(number))
                && attempt.progress == Progress::Leased
            {
                attempt.progress = Progress::Due;
            }
        }
        What::Carrier(number, _) if !shipping.is_locked(row) => {
            if let Some(attempt) = shipping.tables.attempts.get_mut(&(call.order, *number))
                && attempt.state == AttemptState::Leased
            {
                attempt.state = AttemptState::Due;
            }
        }
        What::Provider(..) | What::Carrier(..) => {}
    }
}

fn payment_answered(
    order_id: OrderId,
    number: i32,
    attempt: Attempt,
    answer: ProviderAnswer,
) -> PaymentAnswered {
    PaymentAnswered {
        order_id,
        attempt: number,
        purpose: attempt.purpose,
        method: attempt.means.method,
        amount: attempt.amount,
        currency: attempt.currency,
        provider_ref: None,
        answer,
    }
}

fn answer_id<M: Message>(order: OrderId, number: i32) -> MessageId {
    MessageId::about(order.0, M::INFO.code, u8::try_from(number).unwrap_or(u8::MAX))
}
