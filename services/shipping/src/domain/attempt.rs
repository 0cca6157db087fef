//! Attempts: what the carrier is asked to do, recorded before anybody asks.

use super::Dock;
use contracts::{CarrierAnswer, OrderId, ShipmentPurpose};

/// One errand to the carrier. When it is called, and how often, is the caller's affair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What for.
    pub purpose: Purpose,
    /// How far.
    pub state: AttemptState,
    /// How often it was leased. 0: the carrier can't know of it.
    pub calls: i32,
}

/// What the carrier is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Take a parcel.
    Book,
    /// Forget a booking.
    Void {
        /// The number of the booking's attempt.
        of_attempt: i16,
    },
}

/// How far an attempt is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptState {
    /// To be called, for the first time or again.
    Due,
    /// Being called, or its caller died.
    Leased,
    /// The carrier's answer was heard.
    Answered(CarrierAnswer),
    /// Never called, and never will be.
    Withdrawn,
}

impl AttemptState {
    /// Its name in the database.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Leased => "leased",
            Self::Answered(_) => "answered",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl From<Purpose> for ShipmentPurpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Book => Self::Book,
            Purpose::Void { .. } => Self::Void,
        }
    }
}

/// The number of the booking: the first attempt of an order, and the only one of its purpose.
pub(super) const BOOKING: i16 = 1;

impl Dock {
    /// Records an attempt with the order's next number.
    pub(super) fn attempt(&mut self, order_id: OrderId, purpose: Purpose) {
        let Some(shipment) = self.shipments.change(&order_id) else { return };
        shipment.attempts += 1;
        let attempt = Attempt { purpose, state: AttemptState::Due, calls: 0 };
        self.attempts.put((order_id, shipment.attempts), attempt);
    }

    /// Takes the booking back if nobody has called the carrier yet; else its answer decides.
    pub(super) fn withdraw_booking(&mut self, order_id: OrderId) {
        let key = (order_id, BOOKING);
        if self.attempts.get(&key).is_some_and(|attempt| attempt.calls == 0)
            && let Some(attempt) = self.attempts.change(&key)
        {
            attempt.state = AttemptState::Withdrawn;
        }
    }
}
