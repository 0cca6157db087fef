//! Provider and carrier: what they are asked, what they do, and their ledgers, as the sandboxes keep theirs.

mod bank;
mod calls;

pub use calls::{Calls, Lease};

use contracts::{Amount, CarrierAnswer, DeclineReason, PaymentPurpose, ProviderAnswer, Text, Timestamp};
use std::{collections::BTreeMap, time::Duration};

/// How long a pending payment waits for its customer.
const PENDING: Duration = Duration::from_mins(30);

/// A key at the outside: the order's number, the attempt's, and, with a planted bug, the call's.
pub type Key = (u8, i32, i32);

/// The ledgers.
#[derive(Debug, Default)]
pub struct Ledgers {
    /// Charges at the provider.
    pub charges: BTreeMap<Key, Charge>,
    /// Refunds at the provider, by key: of which charge, how much, and whether it went back.
    pub refunds: BTreeMap<Key, (Key, i64, bool)>,
    /// Bookings at the carrier.
    pub bookings: BTreeMap<(u8, i16), Booking>,
}

/// A charge in the provider's ledger.
#[derive(Debug, Clone)]
pub struct Charge {
    /// How much.
    pub amount: i64,
    /// How it stands.
    pub state: ChargeState,
    /// The method.
    method: Text<64>,
    expires_at: Timestamp,
}

/// How a charge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeState {
    /// The money is there.
    Captured,
    /// The customer is asked.
    Pending,
    /// No; by the customer's bank, or since nobody said yes in time.
    Declined(DeclineReason),
    /// Called off.
    Voided,
}

/// How a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Booking {
    /// The parcel will be fetched.
    Stands,
    /// Not taken.
    Refused,
    /// Forgotten.
    Voided,
}

/// What the provider is asked.
#[derive(Debug, Clone)]
pub struct ProviderCall {
    /// What for.
    pub purpose: PaymentPurpose,
    /// The key of this attempt.
    pub key: Key,
    /// The key of the attempt that it is about.
    pub of: Option<Key>,
    /// How.
    pub method: Text<64>,
    /// How much.
    pub amount: Amount,
}

impl Ledgers {
    /// The provider does what it is asked; the same key again does nothing more.
    pub fn provide(&mut self, call: &ProviderCall, now: Timestamp) -> ProviderAnswer {
        let about = call.of.unwrap_or(call.key);
        match call.purpose {
            PaymentPurpose::Charge => {
                let Some(state) = outcome(call.method.as_str()) else {
                    // The caller itself says no to a method that no provider has.
                    return ProviderAnswer::Declined { why: DeclineReason::UnknownMethod };
                };
                let (amount, method) = (call.amount.minor(), call.method.clone());
                let fresh = || Charge { amount, state, method, expires_at: now.plus(PENDING) };
                self.charges.entry(call.key).or_insert_with(fresh).answer()
            }
            PaymentPurpose::Void => {
                if let Some(charge) = self.charges.get_mut(&about)
                    && charge.state == ChargeState::Pending
                {
                    charge.state = ChargeState::Voided;
                }
                self.charges.get(&about).map_or(ProviderAnswer::NotFound, Charge::answer)
            }
            PaymentPurpose::Refund => self.refund(call, about),
            PaymentPurpose::LookUp => match (self.charges.get(&about), self.refunds.get(&about)) {
                (Some(charge), _) => charge.answer(),
                (None, Some((_, _, went_back))) => refund_answer(*went_back),
                (None, None) => ProviderAnswer::NotFound,
            },
        }
    }

    fn refund(&mut self, call: &ProviderCall, of: Key) -> ProviderAnswer {
        if let Some((_, _, went_back)) = self.refunds.get(&call.key) {
            return refund_answer(*went_back);
        }
        let before: Vec<_> = self.refunds.values().filter(|(charge, ..)| *charge == of).collect();
        let left = |charge: &Charge| {
            charge.amount - before.iter().filter(|(.., good)| *good).map(|(_, amount, _)| amount).sum::<i64>()
        };
        let good = self.charges.get(&of).is_some_and(|charge| {
            let willing = match charge.method.as_str() {
                "sandbox.refund_fails" => false,
                "sandbox.refund_fails_once" => !before.is_empty(),
                _ => true,
            };
            willing && charge.state == ChargeState::Captured && call.amount.minor() <= left(charge)
        });
        self.refunds.insert(call.key, (of, call.amount.minor(), good));
        refund_answer(good)
    }

    /// The carrier takes a parcel; the same key again gives the same answer.
    pub fn book(&mut self, key: (u8, i16), refuses: bool) -> CarrierAnswer {
        let fresh = if refuses { Booking::Refused } else { Booking::Stands };
        match self.bookings.entry(key).or_insert(fresh) {
            Booking::Stands => {
                let tracking = Text::new(format!("SB{}-{}", key.0, key.1)).expect("a text");
                CarrierAnswer::Booked { tracking }
            }
            Booking::Refused | Booking::Voided => CarrierAnswer::Refused,
        }
    }

    /// The carrier forgets a booking; one that still comes is refused.
    pub fn void(&mut self, key: (u8, i16)) -> CarrierAnswer {
        self.bookings.insert(key, Booking::Voided);
        CarrierAnswer::Voided
    }
}

impl Charge {
    fn answer(&self) -> ProviderAnswer {
        match self.state {
            ChargeState::Captured => ProviderAnswer::Captured,
            ChargeState::Pending => ProviderAnswer::Pending { expires_at: self.expires_at },
            ChargeState::Declined(why) => ProviderAnswer::Declined { why },
            ChargeState::Voided => ProviderAnswer::Voided,
        }
    }
}

fn refund_answer(went_back: bool) -> ProviderAnswer {
    if went_back {
        return ProviderAnswer::Refunded;
    }
    ProviderAnswer::RefundFailed { why: Text::new("refunds of this method fail").expect("a text") }
}

/// What becomes of a charge, by its method; nothing if there is no such method.
fn outcome(method: &str) -> Option<ChargeState> {
    match method.strip_prefix("sandbox.")? {
        "succeeds" | "refund_fails" | "refund_fails_once" => Some(ChargeState::Captured),
        "declined" => Some(ChargeState::Declined(DeclineReason::Declined)),
        "pending" => Some(ChargeState::Pending),
        _ => None,
    }
}
