//! One order's account in memory, the messages that reach it, and what it tells.

use chassis::{Decision, Heard, signature};
use contracts::*;
use payments::domain::{Account, Attempt, Progress, Till};
use payments::{Hears, Rules, Tells};
use uuid::Uuid;

/// What the order costs.
pub const TOTAL: i64 = 100;

pub fn amount(minor: i64) -> Amount {
    Amount::new(minor).unwrap()
}

pub fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).unwrap()
}

pub fn now() -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000)
}

pub fn captured() -> ProviderAnswer {
    ProviderAnswer::Captured
}

pub fn pending() -> ProviderAnswer {
    ProviderAnswer::Pending { expires_at: now() }
}

pub fn declined() -> ProviderAnswer {
    ProviderAnswer::Declined { why: DeclineReason::Declined }
}

pub fn refund_failed() -> ProviderAnswer {
    ProviderAnswer::RefundFailed { why: text("no such account") }
}

#[derive(Clone)]
pub struct World {
    pub till: Till,
    pub order: OrderId,
    pub customer: CustomerId,
}

impl World {
    pub fn new() -> Self {
        let order = OrderId::from_v7(Uuid::now_v7());
        Self { till: Till::new(Rules::default()), order, customer: CustomerId(Uuid::now_v7()) }
    }

    /// Hears a message under a fresh id.
    pub fn hear(&mut self, message: impl Into<Hears>) -> Decision<Tells> {
        self.decide(&heard(message))
    }

    /// What is ignored must leave no change.
    pub fn decide(&mut self, heard: &Heard<Hears>) -> Decision<Tells> {
        let before = self.till.accounts.clone();
        let decision = self.till.decide(heard);
        if let Decision::Ignore(why) = &decision {
            assert_eq!(before, self.till.accounts, "ignored, and yet changed: {why:?}");
        }
        decision
    }

    pub fn account(&self) -> Account {
        self.till.accounts.get(&self.order).cloned().unwrap_or_else(|| Account::new(self.order))
    }

    pub fn attempts(&self) -> Vec<(i32, Attempt)> {
        self.account().attempts.iter().map(|(number, attempt)| (*number, attempt.clone())).collect()
    }

    /// The caller takes an attempt.
    pub fn lease(&mut self, number: i32) {
        let mut account = self.account();
        let attempt = account.attempts.change(&number).unwrap();
        attempt.progress = Progress::Leased;
        attempt.calls += 1;
        self.till.accounts.put(self.order, account);
    }

    /// The number of the open attempt for this.
    pub fn open(&self, purpose: PaymentPurpose) -> Option<i32> {
        let found = self.attempts().into_iter().find(|(_, a)| a.purpose == purpose && a.is_open());
        found.map(|(number, _)| number)
    }

    /// An answer to an attempt, as the caller publishes it.
    pub fn answered(&self, number: i32, answer: ProviderAnswer) -> PaymentAnswered {
        let attempt = self.account().attempts.get(&number).cloned();
        PaymentAnswered {
            order_id: self.order,
            attempt: number,
            purpose: attempt.as_ref().map_or(PaymentPurpose::Charge, |a| a.purpose),
            method: text("sandbox.succeeds"),
            amount: attempt.map_or(amount(TOTAL), |a| a.amount),
            currency: "GBP".parse().unwrap(),
            provider_ref: Some(text("ref")),
            answer,
        }
    }

    /// The open attempt for this is sent and answered.
    pub fn answer(&mut self, purpose: PaymentPurpose, answer: ProviderAnswer) -> Decision<Tells> {
        let number = self.open(purpose).unwrap_or(99);
        if number != 99 && !self.account().attempts.get(&number).unwrap().was_sent() {
            self.lease(number);
        }
        let answered = PaymentAnswered { purpose, ..self.answered(number, answer) };
        self.hear(answered)
    }

    pub fn created_with(&self, total: i64, on_decline: OnDecline) -> OrderCreated {
        OrderCreated {
            order_id: self.order,
            customer_id: self.customer,
            currency: "GBP".parse().unwrap(),
            total: amount(total),
            lines: vec![],
            address: Address {
                name: text("A"),
                line1: text("1 Street"),
                line2: None,
                city: text("Town"),
                postal_code: None,
                country: serde_json::from_str("\"GB\"").unwrap(),
            },
            slot: None,
            payment: Payment { on_decline, ..means("sandbox.succeeds") },
        }
    }

    pub fn created(&self) -> OrderCreated {
        self.created_with(TOTAL, OnDecline::Wait)
    }

    pub fn reserved(&self) -> StockReserved {
        StockReserved { order_id: self.order }
    }

    pub fn held(&self) -> ShipmentHeld {
        ShipmentHeld { order_id: self.order, zone: text("GB"), slot: None }
    }

    pub fn cancelled(&self) -> OrderCancelled {
        let reason = CancelReason::ByCustomer;
        OrderCancelled { order_id: self.order, customer_id: self.customer, reason }
    }

    pub fn caller(&self) -> Caller {
        Caller { id: self.customer, role: Role::Customer }
    }

    pub fn pay(&self) -> PayOrder {
        PayOrder { order_id: self.order, by: self.caller(), payment: means("sandbox.slow") }
    }

    pub fn verify(&self) -> VerifyPayment {
        VerifyPayment { order_id: self.order, by: self.caller() }
    }

    pub fn refund(&self, reference: &str, minor: Option<i64>) -> RefundPayment {
        RefundPayment { order_id: self.order, reference: text(reference), amount: minor.map(amount) }
    }

    pub fn webhook(&self, charge: i32, outcome: &str) -> PaymentWebhook {
        let order = self.order;
        let body = format!(
            r#"{{"event_id":"evt-{charge}-{outcome}","key":"{order}-{charge}","outcome":"{outcome}"}}"#
        );
        let signed = signature::sign(&self.till.rules.webhook_secret, now().millis() / 1000, &body);
        PaymentWebhook { provider: text("sandbox"), body, signature: text(&signed) }
    }

    /// All three that a charge waits for.
    pub fn ready_to_charge(mut self) -> Self {
        for message in [Hears::from(self.created()), self.reserved().into(), self.held().into()] {
            assert!(matches!(self.hear(message), Decision::Accept(_)));
        }
        self
    }

    /// The charge is sent and answered.
    pub fn charged(mut self, answer: ProviderAnswer) -> Self {
        assert!(matches!(self.answer(PaymentPurpose::Charge, answer), Decision::Accept(_)));
        self
    }

    /// Hears something that is taken in.
    pub fn then(mut self, message: impl FnOnce(&Self) -> Hears) -> Self {
        let message = message(&self);
        let decision = self.hear(message);
        assert!(matches!(decision, Decision::Accept(_)), "{decision:?}");
        self
    }

    /// The open attempt for this is sent and answered.
    pub fn after(mut self, purpose: PaymentPurpose, answer: ProviderAnswer) -> Self {
        let decision = self.answer(purpose, answer);
        assert!(matches!(decision, Decision::Accept(_)), "{decision:?}");
        self
    }
}

pub fn means(method: &str) -> Payment {
    Payment { method: text(method), token: Some(text("tok_1")), on_decline: OnDecline::Wait }
}

pub fn heard(message: impl Into<Hears>) -> Heard<Hears> {
    Heard::new(MessageId(Uuid::now_v7()), now(), message.into())
}
