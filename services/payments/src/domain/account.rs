//! One order's account, and how attempts are recorded in it.

use super::{Attempt, Means, Outcome, Payment, Progress, Refund, State, WebhookEvent};
use chassis::Rows;
use contracts::{Amount, MessageId, OrderId, PaymentPurpose, Reference, Text};

/// All that is known of one order's money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose account it is.
    pub order: OrderId,
    /// How it stands.
    pub payment: Payment,
    /// By number, from 1.
    pub attempts: Rows<i32, Attempt>,
    /// By reference.
    pub refunds: Rows<Reference, Refund>,
    /// By provider and the provider's event id.
    pub webhooks: Rows<(Text<32>, Text<100>), WebhookEvent>,
}

impl Account {
    /// An account of which nothing is known.
    #[must_use]
    pub fn new(order: OrderId) -> Self {
        let payment = Payment {
            customer: None,
            state: State::Owes,
            bill: None,
            reserved: false,
            held: false,
            cancelled: false,
            captured: Amount::ZERO,
            captured_by: None,
            counted: Amount::ZERO,
            refunded: Amount::ZERO,
            attempts: 0,
            refunds: 0,
            webhooks: 0,
            waiting: None,
        };
        let (attempts, refunds, webhooks) = (Rows::default(), Rows::default(), Rows::default());
        Self { order, payment, attempts, refunds, webhooks }
    }

    /// Records an attempt under the next number.
    pub(super) fn attempt(&mut self, attempt: Attempt) -> i32 {
        self.payment.attempts += 1;
        self.attempts.put(self.payment.attempts, attempt);
        self.payment.attempts
    }

    /// Records a charge of the whole bill. Nothing is charged for an order that was never created.
    pub(super) fn charge(&mut self, means: Means, asked_by: Option<MessageId>) {
        let Some(bill) = &self.payment.bill else { return };
        let (amount, currency) = (bill.total, bill.currency);
        self.payment.state = State::Charging;
        self.attempt(Attempt {
            purpose: PaymentPurpose::Charge,
            means,
            amount,
            currency,
            of: None,
            asked_by,
            reference: None,
            provider_ref: None,
            progress: Progress::Due,
            calls: 0,
        });
    }

    /// Records an attempt about another: its void, its refund, its look-up.
    pub(super) fn about(
        &mut self,
        purpose: PaymentPurpose,
        of: i32,
        asked_by: Option<MessageId>,
    ) -> Option<i32> {
        let other = self.attempts.get(&of)?;
        let fresh = Attempt {
            purpose,
            of: Some(of),
            asked_by,
            reference: None,
            provider_ref: None,
            progress: Progress::Due,
            calls: 0,
            ..other.clone()
        };
        Some(self.attempt(fresh))
    }

    /// Calls a pending charge off, unless that is under way.
    pub(super) fn void(&mut self, of: i32, asked_by: Option<MessageId>) {
        if !self.is_open(PaymentPurpose::Void, of) {
            let _: Option<i32> = self.about(PaymentPurpose::Void, of, asked_by);
        }
    }

    /// Whether such an attempt about another is under way.
    pub(super) fn is_open(&self, purpose: PaymentPurpose, of: i32) -> bool {
        self.attempts.iter().any(|(_, a)| a.purpose == purpose && a.of == Some(of) && a.is_open())
    }

    /// Whether this command has begun an attempt already.
    pub(super) fn knows(&self, command: MessageId) -> bool {
        let waits = self.payment.waiting.as_ref().is_some_and(|waiting| waiting.command == command);
        waits || self.attempts.iter().any(|(_, attempt)| attempt.asked_by == Some(command))
    }

    /// The one charge that may still bring money.
    pub(super) fn live_charge(&self) -> Option<i32> {
        self.attempts.iter().find(|(_, attempt)| attempt.is_live_charge()).map(|(number, _)| *number)
    }

    /// Keeps what came of an attempt.
    pub(super) fn close(&mut self, number: i32, outcome: Outcome) {
        if let Some(attempt) = self.attempts.change(&number) {
            attempt.progress = Progress::Answered(outcome);
        }
    }

    /// Keeps the provider's reference of an attempt.
    pub(super) fn refer(&mut self, number: i32, provider_ref: Option<&Text<100>>) {
        let known = self.attempts.get(&number).is_none_or(|a| a.provider_ref.is_some());
        if let (false, Some(provider_ref)) = (known, provider_ref)
            && let Some(attempt) = self.attempts.change(&number)
        {
            attempt.provider_ref = Some(provider_ref.clone());
        }
    }
}

/// A fact's count: the number of the attempt that it is about, so that nothing need be counted.
pub(super) fn nth(attempt: i32) -> u8 {
    u8::try_from(attempt).unwrap_or(u8::MAX)
}
