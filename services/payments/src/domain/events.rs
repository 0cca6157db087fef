//! What the order, its stock and its shipment tell: when to charge, and when to give everything back.

use super::account::nth;
use super::{Account, Bill, Means, Outcome, Progress, State};
use crate::Tells;
use chassis::{Decision, Fact, Why};
use contracts::{Amount, MessageId, OrderCancelled, OrderCreated, PaymentCaptured, PaymentVoided};

const REPEAT: Decision<Tells> = Decision::Ignore(Why::Repeat);

impl Account {
    pub(super) fn hear_created(&mut self, created: &OrderCreated) -> Decision<Tells> {
        if self.payment.bill.is_some() {
            return REPEAT;
        }
        let means = Means { method: created.payment.method.clone(), token: created.payment.token.clone() };
        self.payment.customer = Some(created.customer_id);
        self.payment.bill = Some(Bill {
            total: created.total,
            currency: created.currency,
            means,
            on_decline: created.payment.on_decline,
        });
        self.examine("order.created")
    }

    pub(super) fn hear_reserved(&mut self) -> Decision<Tells> {
        if std::mem::replace(&mut self.payment.reserved, true) {
            return REPEAT;
        }
        self.examine("stock.reserved")
    }

    pub(super) fn hear_held(&mut self) -> Decision<Tells> {
        if std::mem::replace(&mut self.payment.held, true) {
            return REPEAT;
        }
        self.examine("shipment.held")
    }

    /// Begins the first charge, once all three events are known and the order is not cancelled.
    fn examine(&mut self, news: &str) -> Decision<Tells> {
        match self.payment.state {
            State::Owes | State::Ready => {}
            // Cancelled before: only remembered.
            State::Voided => return Decision::NOTED,
            State::Charging
            | State::Pending
            | State::Captured
            | State::Declined
            | State::Refunding
            | State::Refunded => {
                return Decision::Ignore(Why::Impossible(format!("{news} comes first after the charge")));
            }
        }
        if !(self.payment.reserved && self.payment.held) {
            return Decision::NOTED;
        }
        let Some(bill) = &self.payment.bill else {
            self.payment.state = State::Ready;
            return Decision::NOTED;
        };
        if bill.total == Amount::ZERO {
            // A free order needs no provider: it is paid as soon as it can be delivered.
            let captured = PaymentCaptured {
                order_id: self.order,
                attempt: 0,
                amount: Amount::ZERO,
                currency: bill.currency,
                parts: vec![],
                surplus: false,
            };
            self.payment.state = State::Captured;
            return Decision::tell(self.order, captured);
        }
        let means = bill.means.clone();
        self.charge(means, None);
        Decision::NOTED
    }

    pub(super) fn hear_cancelled(&mut self, cancelled: &OrderCancelled) -> Decision<Tells> {
        if std::mem::replace(&mut self.payment.cancelled, true) {
            return REPEAT;
        }
        self.payment.customer.get_or_insert(cancelled.customer_id);
        match self.payment.state {
            State::Owes | State::Ready | State::Declined => {
                self.payment.state = State::Voided;
                Decision::tell(self.order, PaymentVoided { order_id: self.order, attempt: None })
            }
            State::Charging => self.withdraw(),
            State::Pending => {
                self.payment.waiting = None;
                if let Some(pending) = self.live_charge() {
                    self.void(pending, None);
                }
                Decision::NOTED
            }
            State::Captured | State::Refunding | State::Refunded => {
                self.give_back_rest();
                Decision::NOTED
            }
            State::Voided => Decision::Ignore(Why::Impossible("voided before it was cancelled".into())),
        }
    }

    /// A charge that was never sent is withdrawn; the answer decides about one that was.
    fn withdraw(&mut self) -> Decision<Tells> {
        let unsent = self.live_charge().filter(|number| self.withdraw_unsent(*number));
        let Some(number) = unsent else { return Decision::NOTED };
        self.payment.state = State::Voided;
        let voided = PaymentVoided { order_id: self.order, attempt: Some(number) };
        Decision::Accept(vec![Fact::nth(self.order, nth(number), voided)])
    }

    /// Withdraws an attempt that was never sent; says whether it could be.
    pub(super) fn withdraw_unsent(&mut self, number: i32) -> bool {
        let unsent =
            self.attempts.get(&number).is_some_and(|attempt| attempt.is_open() && !attempt.was_sent());
        if unsent && let Some(attempt) = self.attempts.change(&number) {
            attempt.progress = Progress::Withdrawn;
        }
        unsent
    }

    /// Calls all charges off that may still bring money, since another did.
    pub(super) fn call_off_others(&mut self) {
        let Some(other) = self.live_charge() else { return };
        let pending = |a: &super::Attempt| a.progress == Progress::Answered(Outcome::Pending);
        if !self.withdraw_unsent(other) && self.attempts.get(&other).is_some_and(pending) {
            self.void(other, None::<MessageId>);
        }
        // One that is being sent is decided by its answer.
    }
}
