//! Money that goes back: never more than came in, every surplus, and all of it once the order is cancelled.

use super::account::nth;
use super::{Account, Outcome, Progress, Refund, RefundState, State};
use crate::Tells;
use chassis::{Decision, Fact, Why};
use contracts::{
    Amount, MessageId, PaymentPurpose, PaymentRefundFailed, PaymentRefunded, ProviderAnswer, Reference,
};

impl Account {
    /// What is left of the captured amount after all refunds that count.
    pub(super) fn rest(&self) -> Amount {
        self.payment.captured.less(self.payment.counted)
    }

    /// Gives back what is left.
    pub(super) fn give_back_rest(&mut self) {
        let rest = self.rest();
        if let Some(charge) = self.payment.captured_by
            && rest > Amount::ZERO
        {
            self.give_back(charge, rest, None, None);
        }
        self.settle();
    }

    /// Gives a second payment back.
    pub(super) fn give_back_surplus(&mut self, charge: i32, amount: Amount) {
        self.give_back(charge, amount, None, None);
    }

    /// A captured charge beside the one that paid the order, of which no refund counts: its refund failed.
    pub(super) fn owed_surplus(&self) -> Option<(i32, Amount)> {
        let counts = |charge: i32| {
            self.refunds.iter().any(|(_, refund)| refund.of == charge && refund.state != RefundState::Failed)
        };
        let mut captured = self.attempts.iter().filter(|(_, attempt)| attempt.is_captured_charge());
        captured
            .find(|(number, _)| Some(**number) != self.payment.captured_by && !counts(**number))
            .map(|(number, attempt)| (*number, attempt.amount))
    }

    /// Records a refund and its attempt, under the client's reference or one of our own.
    pub(super) fn give_back(
        &mut self,
        charge: i32,
        amount: Amount,
        asked: Option<&Reference>,
        asked_by: Option<MessageId>,
    ) {
        let own = || self.own_reference(self.payment.attempts + 1);
        let Some(reference) = asked.cloned().or_else(own) else { return };
        let Some(number) = self.about(PaymentPurpose::Refund, charge, asked_by) else { return };
        if let Some(attempt) = self.attempts.change(&number) {
            attempt.amount = amount;
            attempt.reference = Some(reference.clone());
        }
        let refund = Refund { amount, state: RefundState::Open, attempt: number, of: charge };
        self.refunds.put(reference, refund);
        self.payment.refunds += 1;
        if self.payment.captured_by == Some(charge) {
            // Counted is at most captured: callers ask for no more than the rest.
            self.payment.counted = self.payment.counted.plus(amount).unwrap_or(self.payment.captured);
            self.settle();
        }
    }

    /// A reference made of the attempt; another one if a client had the same idea.
    fn own_reference(&self, attempt: i32) -> Option<Reference> {
        (0..=self.payment.refunds).find_map(|tries| {
            let text = if tries == 0 {
                format!("starling-{attempt}")
            } else {
                format!("starling-{attempt}-{tries}")
            };
            Reference::new(text).ok().filter(|reference| self.refunds.get(reference).is_none())
        })
    }

    /// The answer to a refund, from its own call or from a look-up.
    pub(super) fn refund_answered(&mut self, number: i32, answer: &ProviderAnswer) -> Decision<Tells> {
        let impossible = |why: &str| Decision::Ignore(Why::Impossible(why.into()));
        let Some(attempt) = self.attempts.get(&number) else { return impossible("no such attempt") };
        let Some(reference) = attempt.reference.clone() else { return impossible("not a refund") };
        let (amount, currency) = (attempt.amount, attempt.currency);
        match attempt.progress {
            Progress::Due | Progress::Leased | Progress::Answered(Outcome::NotFound) => {}
            Progress::Answered(
                Outcome::Captured
                | Outcome::Pending
                | Outcome::Declined
                | Outcome::Voided
                | Outcome::Refunded
                | Outcome::RefundFailed,
            ) => return Decision::Ignore(Why::Repeat),
            Progress::Withdrawn => return impossible("a refund is never withdrawn"),
        }
        let Some(of) = self.refunds.get(&reference).map(|refund| refund.of) else {
            return impossible("an attempt without its refund");
        };
        let counts = self.payment.captured_by == Some(of);
        let (order_id, count) = (self.order, nth(number));
        match answer {
            ProviderAnswer::Refunded => {
                self.end_refund(number, &reference, RefundState::Succeeded, Outcome::Refunded);
                if counts {
                    self.payment.refunded =
                        self.payment.refunded.plus(amount).unwrap_or(self.payment.counted);
                    self.settle();
                }
                let refunded = PaymentRefunded { order_id, reference, amount, currency };
                Decision::Accept(vec![Fact::nth(order_id, count, refunded)])
            }
            ProviderAnswer::RefundFailed { why } => {
                self.end_refund(number, &reference, RefundState::Failed, Outcome::RefundFailed);
                if counts {
                    self.payment.counted = self.payment.counted.less(amount);
                    self.settle();
                }
                let why = why.clone();
                let failed = PaymentRefundFailed { order_id, reference, amount, currency, why };
                Decision::Accept(vec![Fact::nth(order_id, count, failed)])
            }
            // Sent so long ago that its key has died, and unknown to the provider: it counts as open, and an
            // operator has to see to it.
            ProviderAnswer::NotFound => {
                self.close(number, Outcome::NotFound);
                Decision::NOTED
            }
            ProviderAnswer::Captured
            | ProviderAnswer::Pending { .. }
            | ProviderAnswer::Declined { .. }
            | ProviderAnswer::Voided => impossible("a refund was answered like a charge"),
        }
    }

    fn end_refund(&mut self, number: i32, reference: &Reference, state: RefundState, outcome: Outcome) {
        self.close(number, outcome);
        if let Some(refund) = self.refunds.change(reference) {
            refund.state = state;
        }
    }

    /// The state that follows from what came in and what went back.
    fn settle(&mut self) {
        let payment = &mut self.payment;
        payment.state = if payment.refunded == payment.captured {
            // Of a free order too: all of nothing went back.
            if payment.cancelled || payment.captured > Amount::ZERO {
                State::Refunded
            } else {
                State::Captured
            }
        } else if payment.cancelled || payment.counted > payment.refunded {
            State::Refunding
        } else {
            State::Captured
        };
    }
}
