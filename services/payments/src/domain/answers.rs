//! What came of an attempt, whoever says it: the provider's answer, its webhook, a void, a look-up.

use super::account::nth;
use super::{Account, Attempt, Outcome, Progress, State};
use crate::Tells;
use chassis::{Decision, Fact, Why};
use contracts::{
    DeclineReason, PaymentAnswered, PaymentCaptured, PaymentDeclined, PaymentPart, PaymentPending,
    PaymentPurpose, PaymentVoided, ProviderAnswer, Timestamp,
};

/// What is known of a charge from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Captured,
    Pending { expires_at: Timestamp },
    Declined { why: DeclineReason },
    Voided,
}

const REPEAT: Decision<Tells> = Decision::Ignore(Why::Repeat);
const TOO_LATE: Decision<Tells> = Decision::Ignore(Why::TooLate);

fn impossible(why: impl Into<String>) -> Decision<Tells> {
    Decision::Ignore(Why::Impossible(why.into()))
}

impl Account {
    pub(super) fn hear_answered(&mut self, answered: &PaymentAnswered) -> Decision<Tells> {
        let number = answered.attempt;
        let Some(attempt) = self.attempts.get(&number) else {
            return impossible(format!("attempt {number} was never made"));
        };
        if attempt.purpose != answered.purpose {
            return impossible(format!("attempt {number} was for something else"));
        }
        let decision = match attempt.purpose {
            PaymentPurpose::Charge => self.charge_answered(number, &answered.answer),
            PaymentPurpose::Void | PaymentPurpose::LookUp => {
                self.other_answered(number, &attempt.clone(), &answered.answer)
            }
            PaymentPurpose::Refund => self.refund_answered(number, &answered.answer),
        };
        if matches!(decision, Decision::Accept(_)) {
            self.refer(number, answered.provider_ref.as_ref());
        }
        decision
    }

    /// The answer to a charge, and whatever a webhook said of it before.
    fn charge_answered(&mut self, number: i32, answer: &ProviderAnswer) -> Decision<Tells> {
        let decision = match known(answer) {
            Some(known) => self.learn(number, known),
            // Sent so long ago that its key has died, and looked up instead: an operator has to see to it.
            None if *answer == ProviderAnswer::NotFound => self.lost(number),
            None => impossible("a charge was answered like a refund"),
        };
        self.match_webhooks(number, decision)
    }

    /// The answer to a void or a look-up: it is about another attempt.
    fn other_answered(&mut self, number: i32, asked: &Attempt, answer: &ProviderAnswer) -> Decision<Tells> {
        let (Progress::Due | Progress::Leased, Some(of)) = (asked.progress, asked.of) else {
            return REPEAT;
        };
        let learnt = match known(answer) {
            Some(Known::Pending { .. }) if asked.purpose == PaymentPurpose::Void => {
                return impossible("a void was answered with pending");
            }
            Some(known) => self.learn(of, known),
            None if *answer == ProviderAnswer::NotFound => Decision::NOTED,
            None if asked.purpose == PaymentPurpose::LookUp => self.refund_answered(of, answer),
            None => impossible("a void was answered like a refund"),
        };
        match learnt {
            Decision::Ignore(Why::Impossible(why)) => impossible(why),
            // Nothing new about the other, but this attempt is over.
            Decision::Ignore(Why::Repeat | Why::TooLate) => {
                self.close(number, outcome(answer));
                Decision::NOTED
            }
            Decision::Accept(facts) => {
                self.close(number, outcome(answer));
                Decision::Accept(facts)
            }
        }
    }

    /// Takes in what is known of a charge. The same again is a repeat; what an earlier, stronger word has overtaken
    /// is too late; and money that came in counts whatever was said before.
    pub(super) fn learn(&mut self, number: i32, known: Known) -> Decision<Tells> {
        let Some(charge) = self.attempts.get(&number) else { return impossible("no such attempt") };
        if charge.purpose != PaymentPurpose::Charge {
            return impossible("not a charge");
        }
        let was = match charge.progress {
            Progress::Withdrawn => return impossible("a charge that was never sent was answered"),
            Progress::Due | Progress::Leased | Progress::Answered(Outcome::NotFound) => None,
            Progress::Answered(outcome) => Some(outcome),
        };
        match (known, was) {
            (Known::Captured, Some(Outcome::Captured))
            | (Known::Pending { .. }, Some(Outcome::Pending))
            | (Known::Declined { .. }, Some(Outcome::Declined))
            | (Known::Voided, Some(Outcome::Voided)) => REPEAT,
            (_, Some(Outcome::Refunded | Outcome::RefundFailed | Outcome::NotFound)) => {
                impossible("not an outcome of a charge")
            }
            (Known::Captured, None | Some(Outcome::Pending | Outcome::Declined | Outcome::Voided)) => {
                Decision::Accept(self.captured(number))
            }
            (Known::Pending { expires_at }, None) => Decision::Accept(self.pending(number, expires_at)),
            // The answer comes after the webhook that settled it.
            (Known::Pending { .. }, Some(Outcome::Captured | Outcome::Declined | Outcome::Voided))
            | (Known::Declined { .. }, Some(Outcome::Captured | Outcome::Voided))
            | (Known::Voided, Some(Outcome::Captured | Outcome::Declined)) => TOO_LATE,
            (Known::Declined { why }, None | Some(Outcome::Pending)) => {
                Decision::Accept(self.dead(number, Outcome::Declined, why))
            }
            (Known::Voided, None | Some(Outcome::Pending)) => {
                Decision::Accept(self.dead(number, Outcome::Voided, DeclineReason::Expired))
            }
        }
    }

    /// Money came in: for the order, or, if it is paid or cancelled, as surplus that goes back.
    fn captured(&mut self, number: i32) -> Vec<Fact<Tells>> {
        self.close(number, Outcome::Captured);
        let Some(charge) = self.attempts.get(&number).cloned() else { return vec![] };
        let paid = self.payment.captured_by.is_some();
        if paid {
            self.give_back_surplus(number, charge.amount);
        } else {
            self.payment.captured = charge.amount;
            self.payment.captured_by = Some(number);
            self.payment.waiting = None;
            self.call_off_others();
            if self.payment.cancelled {
                self.give_back_rest();
            } else {
                self.payment.state = State::Captured;
            }
        }
        let captured = PaymentCaptured {
            order_id: self.order,
            attempt: number,
            amount: charge.amount,
            currency: charge.currency,
            parts: vec![PaymentPart { method: charge.means.method, amount: charge.amount }],
            surplus: paid || self.payment.cancelled,
        };
        vec![Fact::nth(self.order, nth(number), captured)]
    }

    /// The provider waits for the customer; if nobody wants the money any more, it is called off.
    fn pending(&mut self, number: i32, expires_at: Timestamp) -> Vec<Fact<Tells>> {
        self.close(number, Outcome::Pending);
        let paid = self.payment.captured_by.is_some();
        if !paid {
            self.payment.state = State::Pending;
        }
        if paid || self.payment.cancelled {
            self.void(number, None);
            return vec![];
        }
        let pending = PaymentPending { order_id: self.order, attempt: number, expires_at };
        vec![Fact::nth(self.order, nth(number), pending)]
    }

    /// A charge will never bring money.
    fn dead(&mut self, number: i32, outcome: Outcome, why: DeclineReason) -> Vec<Fact<Tells>> {
        self.close(number, outcome);
        if self.payment.captured_by.is_some() || self.live_charge().is_some() {
            return vec![];
        }
        let (order_id, count) = (self.order, nth(number));
        let voided = PaymentVoided { order_id, attempt: Some(number) };
        if self.payment.cancelled {
            self.payment.state = State::Voided;
            return vec![Fact::nth(order_id, count, voided)];
        }
        if let Some(waiting) = self.payment.waiting.take() {
            self.charge(waiting.means, Some(waiting.command));
            return vec![Fact::nth(order_id, count, voided)];
        }
        self.payment.state = State::Declined;
        vec![Fact::nth(order_id, count, PaymentDeclined { order_id, attempt: number, why })]
    }

    /// The provider knows nothing of a charge that was sent: not "no", so nothing is decided.
    fn lost(&mut self, number: i32) -> Decision<Tells> {
        match self.attempts.get(&number).map(|charge| charge.progress) {
            Some(Progress::Due | Progress::Leased) => {
                self.close(number, Outcome::NotFound);
                Decision::NOTED
            }
            Some(Progress::Answered(Outcome::NotFound)) => REPEAT,
            Some(Progress::Answered(_)) => TOO_LATE,
            Some(Progress::Withdrawn) | None => impossible("a charge that was never sent was looked up"),
        }
    }
}

/// What an answer says of a charge.
const fn known(answer: &ProviderAnswer) -> Option<Known> {
    match answer {
        ProviderAnswer::Captured => Some(Known::Captured),
        ProviderAnswer::Pending { expires_at } => Some(Known::Pending { expires_at: *expires_at }),
        ProviderAnswer::Declined { why } => Some(Known::Declined { why: *why }),
        ProviderAnswer::Voided => Some(Known::Voided),
        ProviderAnswer::Refunded | ProviderAnswer::RefundFailed { .. } | ProviderAnswer::NotFound => None,
    }
}

const fn outcome(answer: &ProviderAnswer) -> Outcome {
    match answer {
        ProviderAnswer::Captured => Outcome::Captured,
        ProviderAnswer::Pending { .. } => Outcome::Pending,
        ProviderAnswer::Declined { .. } => Outcome::Declined,
        ProviderAnswer::Voided => Outcome::Voided,
        ProviderAnswer::Refunded => Outcome::Refunded,
        ProviderAnswer::RefundFailed { .. } => Outcome::RefundFailed,
        ProviderAnswer::NotFound => Outcome::NotFound,
    }
}
