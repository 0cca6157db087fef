//! What customers and operators ask for: to pay another way, to look again, to give money back.

use super::{Account, Attempt, MOST_BY_COMMAND, Means, Outcome, Progress, RefundState, State, Waiting};
use crate::Tells;
use chassis::{Decision, Why};
use contracts::{
    Amount, Caller, Message, MessageId, OnDecline, PayOrder, PaymentCommandRefused, PaymentPurpose,
    PaymentRefusal, Reference, RefundPayment, Text, VerifyPayment,
};

const REPEAT: Decision<Tells> = Decision::Ignore(Why::Repeat);

impl Account {
    pub(super) fn hear_pay(&mut self, command: MessageId, pay: &PayOrder) -> Decision<Tells> {
        if self.knows(command) {
            return REPEAT;
        }
        let refuse = |why| self.refuse::<PayOrder>(command, why, None);
        let Some(bill) = self.payment.bill.as_ref().filter(|_| self.is_of(&pay.by)) else {
            return refuse(PaymentRefusal::UnknownOrder);
        };
        if self.payment.cancelled {
            return refuse(PaymentRefusal::Cancelled);
        }
        if self.payment.attempts >= MOST_BY_COMMAND {
            return refuse(PaymentRefusal::TooManyAttempts);
        }
        let means = Means { method: pay.payment.method.clone(), token: pay.payment.token.clone() };
        match self.payment.state {
            State::Owes | State::Ready => refuse(PaymentRefusal::NotReady),
            State::Charging => refuse(PaymentRefusal::Charging),
            State::Captured | State::Refunding | State::Refunded => refuse(PaymentRefusal::Captured),
            State::Voided => refuse(PaymentRefusal::Cancelled),
            State::Declined => match bill.on_decline {
                // It is being cancelled: order.cancelled is on its way.
                OnDecline::Cancel => refuse(PaymentRefusal::Cancelled),
                OnDecline::Wait => {
                    self.charge(means, Some(command));
                    Decision::NOTED
                }
            },
            State::Pending if self.payment.waiting.is_some() => refuse(PaymentRefusal::Charging),
            State::Pending => {
                // The other way begins only when the provider says that this one is called off.
                if let Some(pending) = self.live_charge() {
                    self.void(pending, Some(command));
                    self.payment.waiting = Some(Waiting { command, means });
                }
                Decision::NOTED
            }
        }
    }

    pub(super) fn hear_verify(&mut self, command: MessageId, verify: &VerifyPayment) -> Decision<Tells> {
        if self.knows(command) {
            return REPEAT;
        }
        let refuse = |why| self.refuse::<VerifyPayment>(command, why, None);
        if self.payment.bill.is_none() || !self.is_of(&verify.by) {
            return refuse(PaymentRefusal::UnknownOrder);
        }
        let Some(about) = self.doubtful() else { return refuse(PaymentRefusal::NothingToVerify) };
        if self.is_open(PaymentPurpose::LookUp, about) {
            return REPEAT;
        }
        if self.payment.attempts >= MOST_BY_COMMAND {
            return refuse(PaymentRefusal::TooManyAttempts);
        }
        let _: Option<i32> = self.about(PaymentPurpose::LookUp, about, Some(command));
        Decision::NOTED
    }

    /// What is worth asking the provider about: a charge that is not settled, else a refund that is not, else the
    /// last charge. Nothing that was never sent.
    fn doubtful(&self) -> Option<i32> {
        let unknown = |attempt: &Attempt| match attempt.progress {
            Progress::Due | Progress::Leased | Progress::Answered(Outcome::Pending | Outcome::NotFound) => {
                true
            }
            Progress::Answered(
                Outcome::Captured
                | Outcome::Declined
                | Outcome::Voided
                | Outcome::Refunded
                | Outcome::RefundFailed,
            )
            | Progress::Withdrawn => false,
        };
        let last = |purpose: PaymentPurpose, only_unknown: bool| {
            let fits = |a: &Attempt| a.purpose == purpose && a.was_sent() && (!only_unknown || unknown(a));
            self.attempts.iter().filter(|(_, a)| fits(a)).map(|(number, _)| *number).last()
        };
        last(PaymentPurpose::Charge, true)
            .or_else(|| last(PaymentPurpose::Refund, true))
            .or_else(|| last(PaymentPurpose::Charge, false))
    }

    pub(super) fn hear_refund(&mut self, command: MessageId, refund: &RefundPayment) -> Decision<Tells> {
        if self.refunds.get(&refund.reference).is_some() {
            return REPEAT;
        }
        let refuse = |why| self.refuse::<RefundPayment>(command, why, Some(&refund.reference));
        if self.payment.bill.is_none() {
            return refuse(PaymentRefusal::UnknownOrder);
        }
        let Some(charge) = self.payment.captured_by else { return refuse(PaymentRefusal::NotCaptured) };
        if self.payment.attempts >= MOST_BY_COMMAND {
            return refuse(PaymentRefusal::TooManyAttempts);
        }
        // A second payment whose refund failed is owed anyway, so it goes back first.
        let surplus =
            self.owed_surplus().filter(|(_, owed)| refund.amount.is_none_or(|amount| amount == *owed));
        if let Some((surplus, owed)) = surplus {
            self.give_back(surplus, owed, Some(&refund.reference), Some(command));
            return Decision::NOTED;
        }
        let rest = self.rest();
        let amount = refund.amount.unwrap_or(rest);
        if amount == Amount::ZERO || amount > rest {
            return refuse(PaymentRefusal::MoreThanCaptured);
        }
        self.give_back(charge, amount, Some(&refund.reference), Some(command));
        Decision::NOTED
    }

    /// Whether the caller may act on this account.
    fn is_of(&self, caller: &Caller) -> bool {
        caller.role.runs_the_shop() || self.payment.customer == Some(caller.id)
    }

    fn refuse<C: Message>(
        &self,
        command: MessageId,
        why: PaymentRefusal,
        reference: Option<&Reference>,
    ) -> Decision<Tells> {
        let Ok(subject) = Text::new(C::INFO.subject) else {
            return Decision::Ignore(Why::Impossible("a command without a subject".into()));
        };
        let refused = PaymentCommandRefused {
            order_id: self.order,
            command: subject,
            why,
            reference: reference.cloned(),
        };
        Decision::tell(command.0, refused)
    }
}

impl Account {
    /// Refunds that failed and that nothing has made good: what an operator has to see to.
    #[must_use]
    pub fn owes_back(&self) -> bool {
        let failed = self.refunds.iter().any(|(_, refund)| refund.state == RefundState::Failed);
        let rest = self.payment.cancelled && self.rest() > Amount::ZERO;
        failed && (rest || self.owed_surplus().is_some())
    }
}
