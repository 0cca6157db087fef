//! Payments' `decide`, straight or bent.

use super::Mutant;
use chassis::{Decision, Heard};
use contracts::{Amount, OnDecline, OrderId, PaymentPurpose, ProviderAnswer};
use payments::{
    Hears, Tells,
    domain::{Account, Outcome, Progress, State, Till},
};

pub(crate) fn decide(till: &mut Till, heard: &Heard<Hears>, bend: Mutant) -> Decision<Tells> {
    match (bend, &heard.message) {
        (Mutant::NoTombstonePayments, Hears::OrderCancelled(m))
            if of(till, m.order_id).is_none_or(|account| account.payment.bill.is_none()) =>
        {
            Decision::NOTED
        }
        (Mutant::NoLateRefund, Hears::PaymentAnswered(m))
            if m.answer == ProviderAnswer::Captured
                && of(till, m.order_id).is_some_and(|account| account.payment.cancelled) =>
        {
            with(till, m.order_id, |account| account.payment.cancelled = false);
            let decision = till.decide(heard);
            with(till, m.order_id, |account| account.payment.cancelled = true);
            decision
        }
        (Mutant::RefundUncounted, Hears::RefundPayment(m)) => {
            let counted = of(till, m.order_id).map(|account| account.payment.counted);
            let decision = till.decide(heard);
            with(till, m.order_id, |account| account.payment.counted = counted.unwrap_or(Amount::ZERO));
            decision
        }
        (Mutant::SurplusKept, Hears::PaymentAnswered(m)) if is_second(till, m.order_id, m.attempt) => {
            if m.answer != ProviderAnswer::Captured || m.purpose != PaymentPurpose::Charge {
                return till.decide(heard);
            }
            close(till, m.order_id, m.attempt)
        }
        (Mutant::SurplusKept, Hears::PaymentWebhook(_)) => surplus_kept(till, heard),
        (Mutant::PaysBesidePending, Hears::PayOrder(m))
            if of(till, m.order_id).is_some_and(|account| account.payment.state == State::Pending) =>
        {
            with(till, m.order_id, |account| {
                account.payment.state = State::Declined;
                account.payment.waiting = None;
                if let Some(bill) = &mut account.payment.bill {
                    bill.on_decline = OnDecline::Wait;
                }
            });
            till.decide(heard)
        }
        _ => till.decide(heard),
    }
}

fn of(till: &Till, id: OrderId) -> Option<&Account> {
    till.accounts.get(&id)
}

fn with(till: &mut Till, id: OrderId, bend: impl FnOnce(&mut Account)) {
    if let Some(account) = till.accounts.change(&id) {
        bend(account);
    }
}

fn is_second(till: &Till, id: OrderId, attempt: i32) -> bool {
    of(till, id).is_some_and(|a| a.payment.captured_by.is_some_and(|paid| paid != attempt))
}

fn close(till: &mut Till, id: OrderId, attempt: i32) -> Decision<Tells> {
    with(till, id, |account| {
        if let Some(attempt) = account.attempts.change(&attempt) {
            attempt.progress = Progress::Answered(Outcome::Captured);
        }
    });
    Decision::NOTED
}

/// Decides as it should, and forgets the refund that follows from a second capture.
fn surplus_kept(till: &mut Till, heard: &Heard<Hears>) -> Decision<Tells> {
    let mut bent = till.clone();
    let decision = bent.decide(heard);
    let surplus = match &decision {
        Decision::Accept(facts) => facts.iter().find_map(|fact| {
            let Tells::PaymentCaptured(captured) = &fact.message else { return None };
            captured.surplus.then(|| captured.clone())
        }),
        Decision::Ignore(_) => None,
    };
    match surplus {
        Some(surplus) if is_second(till, surplus.order_id, surplus.attempt) => {
            close(till, surplus.order_id, surplus.attempt)
        }
        Some(_) | None => {
            *till = bent;
            decision
        }
    }
}
