//! Provider and carrier: what they are asked, what they do, and their ledgers.

use crate::world::now;
use contracts::{
    Amount, CarrierAnswer, DeclineReason, OrderId, PaymentAnswered, PaymentPurpose, PaymentWebhook,
    ProviderAnswer, ShipmentAnswered, Text, Timestamp,
};
use payments::domain::{Progress, Till};
use shipping::domain::{AttemptState, Dock, Purpose};
use std::{collections::BTreeMap, time::Duration};

/// How the outside answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Temper {
    /// The carrier takes no parcel.
    pub carrier_refuses: bool,
    /// No refund succeeds.
    pub refunds_fail: bool,
}

/// The outside with its ledgers.
#[derive(Debug, Default)]
pub struct Outside {
    temper: Temper,
    /// Charges by key.
    pub charges: BTreeMap<(OrderId, i32), Charge>,
    /// Refunds by key: how much.
    pub refunds: BTreeMap<(OrderId, i32), Amount>,
    /// Bookings by key: whether they stand.
    pub bookings: BTreeMap<(OrderId, i16), bool>,
}

/// A charge in the provider's ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// How much.
    pub amount: Amount,
    /// How it stands.
    pub state: ChargeState,
}

/// How a charge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeState {
    Captured,
    Pending,
    Declined,
    Voided,
}

/// A call that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// To the provider.
    Provider(OrderId, i32),
    /// To the carrier.
    Carrier(OrderId, i16),
}

impl Due {
    /// The attempt's number, as it stands in the id of its answer.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Provider(_, number) => u8::try_from(number).unwrap_or(u8::MAX),
            Self::Carrier(_, number) => u8::try_from(number).unwrap_or(u8::MAX),
        }
    }
}

/// What came back.
pub enum Answered {
    /// From the provider.
    Payment(OrderId, PaymentAnswered),
    /// From the carrier.
    Shipment(OrderId, ShipmentAnswered),
}

impl Outside {
    pub(crate) fn new(temper: Temper) -> Self {
        Self { temper, ..Self::default() }
    }

    pub(crate) fn due(&self, till: &Till, dock: &Dock) -> Vec<Due> {
        let payments = till.accounts.iter().flat_map(|(order, account)| {
            let open = account.attempts.iter().filter(|(_, attempt)| attempt.is_open());
            open.map(|(number, _)| Due::Provider(*order, *number))
        });
        let shipments = dock.attempts.iter().filter_map(|((order, number), attempt)| match attempt.state {
            AttemptState::Due | AttemptState::Leased => Some(Due::Carrier(*order, *number)),
            AttemptState::Answered(_) | AttemptState::Withdrawn => None,
        });
        payments.chain(shipments).collect()
    }

    /// Leases the attempt, as the caller does, and does what it asks; the same key again does nothing more.
    pub(crate) fn call(&mut self, till: &mut Till, dock: &mut Dock, due: Due) -> Answered {
        match due {
            Due::Provider(order, number) => Answered::Payment(order, self.call_provider(till, order, number)),
            Due::Carrier(order, number) => Answered::Shipment(order, self.call_carrier(dock, order, number)),
        }
    }

    fn call_provider(&mut self, till: &mut Till, order: OrderId, number: i32) -> PaymentAnswered {
        let account = till.accounts.change(&order).expect("its attempt is due");
        let attempt = account.attempts.change(&number).expect("it is due");
        attempt.progress = Progress::Leased;
        attempt.calls += 1;
        let attempt = attempt.clone();
        let of = attempt.of.map(|of| (order, of));
        let answer = match attempt.purpose {
            PaymentPurpose::Charge => {
                let state = match attempt.means.method.as_str() {
                    "sandbox.declined" => ChargeState::Declined,
                    "sandbox.pending" => ChargeState::Pending,
                    _ => ChargeState::Captured,
                };
                let fresh = Charge { amount: attempt.amount, state };
                Self::answer_of(self.charges.entry((order, number)).or_insert(fresh).state)
            }
            PaymentPurpose::Void => {
                let charge =
                    of.and_then(|of| self.charges.get_mut(&of)).expect("only what was charged is voided");
                if charge.state == ChargeState::Pending {
                    charge.state = ChargeState::Voided;
                }
                Self::answer_of(charge.state)
            }
            PaymentPurpose::Refund if self.temper.refunds_fail => {
                ProviderAnswer::RefundFailed { why: Text::new("the account is closed").expect("a text") }
            }
            PaymentPurpose::Refund => {
                self.refunds.insert((order, number), attempt.amount);
                ProviderAnswer::Refunded
            }
            PaymentPurpose::LookUp => {
                let charge = of.and_then(|of| self.charges.get(&of));
                charge.map_or(ProviderAnswer::NotFound, |charge| Self::answer_of(charge.state))
            }
        };
        PaymentAnswered {
            order_id: order,
            attempt: number,
            purpose: attempt.purpose,
            method: attempt.means.method,
            amount: attempt.amount,
            currency: attempt.currency,
            provider_ref: None,
            answer,
        }
    }

    fn answer_of(state: ChargeState) -> ProviderAnswer {
        match state {
            ChargeState::Captured => ProviderAnswer::Captured,
            ChargeState::Pending => {
                ProviderAnswer::Pending { expires_at: now().plus(Duration::from_secs(60)) }
            }
            ChargeState::Declined => ProviderAnswer::Declined { why: DeclineReason::Declined },
            ChargeState::Voided => ProviderAnswer::Voided,
        }
    }

    fn call_carrier(&mut self, dock: &mut Dock, order: OrderId, number: i16) -> ShipmentAnswered {
        let attempt = dock.attempts.change(&(order, number)).expect("it is due");
        attempt.state = AttemptState::Leased;
        attempt.calls += 1;
        let tracking = Text::new(format!("SB-{number}")).expect("a text");
        let answer = match attempt.purpose {
            Purpose::Book if self.temper.carrier_refuses => CarrierAnswer::Refused,
            Purpose::Book => {
                self.bookings.entry((order, number)).or_insert(true);
                CarrierAnswer::Booked { tracking }
            }
            Purpose::Void { of_attempt } => {
                self.bookings.insert((order, of_attempt), false);
                CarrierAnswer::Voided
            }
        };
        let (purpose, carrier) = (attempt.purpose.into(), Text::new("sandbox").expect("a text"));
        ShipmentAnswered { order_id: order, attempt: i32::from(number), purpose, carrier, answer }
    }

    /// The first charge that is pending.
    pub(crate) fn pending(&self) -> Option<(OrderId, i32)> {
        self.charges.iter().find(|(_, charge)| charge.state == ChargeState::Pending).map(|(key, _)| *key)
    }

    /// The bank decides about a pending charge; the webhook that says so.
    pub(crate) fn decide_pending(
        &mut self,
        rules: &payments::Rules,
        good: bool,
        at: Timestamp,
    ) -> Option<PaymentWebhook> {
        let key = self.pending()?;
        let (state, outcome) =
            if good { (ChargeState::Captured, "captured") } else { (ChargeState::Declined, "expired") };
        self.charges.get_mut(&key)?.state = state;
        let (order, number) = key;
        let body = format!(
            r#"{{"event_id":"evt-{order}-{number}","key":"{order}-{number}","outcome":"{outcome}"}}"#
        );
        let signature = chassis::signature::sign(&rules.webhook_secret, at.millis() / 1000, &body);
        Some(PaymentWebhook {
            provider: Text::new("sandbox").ok()?,
            body,
            signature: Text::new(signature).ok()?,
        })
    }
}
