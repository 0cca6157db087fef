//! What shipping knows of an order.

use super::ZoneId;
use contracts::{CustomerId, SlotId, Text};

/// An order, as shipping sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// How far it is.
    pub state: State,
    /// Whose; unknown while only others spoke of the order.
    pub customer_id: Option<CustomerId>,
    /// Where it goes; known from when it was held.
    pub zone: Option<ZoneId>,
    /// The slot that was held, in zones with slots. It stays here when the place was freed.
    pub slot: Option<SlotId>,
    /// The payment was captured.
    pub paid: bool,
    /// `orders` says that it stands: it may be dispatched.
    pub confirmed: bool,
    /// Number of the newest attempt at the carrier; 0: none yet.
    pub attempts: i16,
}

/// How far a shipment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Others spoke of the order before `order.created` came.
    Expected,
    /// A place is held.
    Held,
    /// Paid; the carrier is being asked.
    Booking,
    /// The carrier will fetch it.
    Scheduled(Parcel),
    /// It cannot be delivered: not served, no room, or the carrier refused.
    Rejected,
    /// It is on its way.
    Dispatched(Parcel),
    /// It arrived.
    Delivered(Parcel),
    /// Called off.
    Cancelled,
    /// Called off before it was created: what comes later changes nothing.
    Tombstone,
}

/// What the carrier gave for a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Which carrier.
    pub carrier: Text<32>,
    /// The carrier's number.
    pub tracking: Text<64>,
}

impl State {
    /// Holds or used a place in its slot, if it has one.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        match self {
            Self::Held | Self::Booking | Self::Scheduled(_) | Self::Dispatched(_) | Self::Delivered(_) => {
                true
            }
            Self::Expected | Self::Rejected | Self::Cancelled | Self::Tombstone => false,
        }
    }

    /// Its name in the database.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Held => "held",
            Self::Booking => "booking",
            Self::Scheduled(_) => "scheduled",
            Self::Rejected => "rejected",
            Self::Dispatched(_) => "dispatched",
            Self::Delivered(_) => "delivered",
            Self::Cancelled => "cancelled",
            Self::Tombstone => "tombstone",
        }
    }

    /// The booking, while it stands.
    #[must_use]
    pub const fn parcel(&self) -> Option<&Parcel> {
        match self {
            Self::Scheduled(parcel) | Self::Dispatched(parcel) | Self::Delivered(parcel) => Some(parcel),
            Self::Expected
            | Self::Held
            | Self::Booking
            | Self::Rejected
            | Self::Cancelled
            | Self::Tombstone => None,
        }
    }
}

impl Shipment {
    /// An order of which nothing is known yet but what the caller now adds.
    #[must_use]
    pub const fn expected() -> Self {
        Self {
            state: State::Expected,
            customer_id: None,
            zone: None,
            slot: None,
            paid: false,
            confirmed: false,
            attempts: 0,
        }
    }
}
