//! What is known of one order id: nothing yet but early news, that it is another order's alias, or the order.

use super::{Entry, Order, Outcome};
use crate::{Hears, Tells};
use chassis::{Fact, Heard, Why};
use contracts::{CancelOrder, Kind, MessageEnum, MessageId, OrderId, OrderStatus, Timestamp};

/// The most messages that are kept of an order that is not placed yet; a real one has far fewer.
pub const MAX_EARLY: usize = 100;

/// One order id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What is known of it.
    pub known: Known,
    /// The events that were heard about it.
    pub seen: Seen,
    /// When it was placed; until then, when it was first heard of.
    pub placed_at: Timestamp,
    /// Number of entries in its timeline.
    pub seq: i64,
}

/// What is known of an order id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is not placed yet, but something about it came: kept as it came, and decided once it is placed.
    /// A wish to cancel among it makes the row the tombstone. Events can only come first when this service has
    /// lost its memory, since the others act on what it tells.
    Awaited(Vec<Heard<Hears>>),
    /// The order was placed before, under another id and the same idempotency key.
    Alias(OrderId),
    /// It was placed.
    Placed(Order),
}

impl Row {
    /// The row of an order that nothing was heard of before.
    #[must_use]
    pub const fn awaited(at: Timestamp) -> Self {
        Self { known: Known::Awaited(vec![]), seen: Seen(vec![]), placed_at: at, seq: 0 }
    }

    /// How far it is, as its customer sees it.
    #[must_use]
    pub fn status(&self) -> OrderStatus {
        match &self.known {
            Known::Awaited(_) | Known::Alias(_) => OrderStatus::Accepted,
            Known::Placed(order) => order.status.into(),
        }
    }

    /// Whether something must still come, so that timer and watchdog look at it. A mere tombstone waits for nothing:
    /// a cancelled order that never comes is no loss.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        match &self.known {
            Known::Awaited(early) => early.iter().any(|heard| heard.message.info().kind == Kind::Event),
            Known::Alias(_) => false,
            Known::Placed(order) => order.is_open() || order.is_wanted_back(),
        }
    }

    /// The timeline's new entries: the event that came (never a command: what it brought about says it), and
    /// what was told about this very order.
    pub(super) fn note(&mut self, id: OrderId, heard: &Heard<Hears>, facts: &[Fact<Tells>]) -> Vec<Entry> {
        let status = self.status();
        let event = Some(heard).filter(|heard| heard.message.info().kind == Kind::Event);
        let mut entries: Vec<Entry> =
            event.map(|heard| Entry::heard(id, status, heard)).into_iter().collect();
        entries.extend(facts.iter().map(|fact| Entry::told(id, status, fact, heard)));
        for entry in &mut entries {
            self.seq += 1;
            entry.seq = self.seq;
        }
        entries
    }
}

/// Keeps what came before the placement.
pub(super) fn remember(early: &mut Vec<Heard<Hears>>, heard: &Heard<Hears>) -> Outcome {
    // Commands have fresh ids: the same caller's second wish says nothing new.
    if early.iter().any(|known| known.message == heard.message && known.message.info().kind == Kind::Command)
    {
        return Err(Why::Repeat);
    }
    if early.len() >= MAX_EARLY {
        return Err(Why::Impossible(format!("more than {MAX_EARLY} messages before the order was placed")));
    }
    // Without its way, which the timeline has already: what is stored and what is remembered are the same.
    early.push(Heard::new(heard.id, heard.at, heard.message.clone()));
    Ok(vec![])
}

/// Wishes to cancel go to the original and never come here; of the rest only a timer's command is harmless.
pub(super) fn about_an_alias(message: &Hears) -> Why {
    match message {
        Hears::CancelOrder(CancelOrder { .. }) | Hears::ExpireOrder(_) => Why::TooLate,
        Hears::PlaceOrder(_) => Why::Repeat,
        Hears::StockReserved(_)
        | Hears::StockRejected(_)
        | Hears::StockReleased(_)
        | Hears::StockCommitted(_)
        | Hears::PaymentCaptured(_)
        | Hears::PaymentPending(_)
        | Hears::PaymentDeclined(_)
        | Hears::PaymentRefunded(_)
        | Hears::PaymentRefundFailed(_)
        | Hears::PaymentVoided(_)
        | Hears::ShipmentHeld(_)
        | Hears::ShipmentRejected(_)
        | Hears::ShipmentScheduled(_)
        | Hears::ShipmentCancelled(_)
        | Hears::ShipmentDispatched(_)
        | Hears::ShipmentDelivered(_)
        | Hears::ProductChanged(_)
        | Hears::UserDeleted(_) => {
            Why::Impossible(format!("{} about an alias, which was never created", message.info().subject))
        }
    }
}

/// Which events were heard about an order: for each the last two bytes of its message id, type and count, sorted.
/// So even those that may come several times (a refund, a decline) are known when they come again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen(Vec<[u8; 2]>);

impl Seen {
    /// Reads what [`bytes`](Self::bytes) wrote; a last odd byte would be dropped.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.as_chunks().0.to_vec())
    }

    /// For the database.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.as_flattened().to_vec()
    }

    /// Whether any message of type `M` was among them.
    #[must_use]
    pub fn has<M: contracts::Message>(&self) -> bool {
        self.0.iter().any(|[code, _]| *code == M::INFO.code)
    }

    /// Adds an event; refuses what is there already. Commands have ids of their own and are not kept.
    pub(super) fn take(&mut self, order: OrderId, heard: &Heard<Hears>) -> Result<(), Why> {
        let info = heard.message.info();
        if info.kind == Kind::Command {
            return Ok(());
        }
        let [.., count] = *heard.id.0.as_bytes();
        if heard.id != MessageId::about(order.0, info.code, count) {
            return Err(Why::Impossible(format!("{}: its id is not made of its order's", info.subject)));
        }
        match self.0.binary_search(&[info.code, count]) {
            Ok(_) => Err(Why::Repeat),
            Err(place) => {
                self.0.insert(place, [info.code, count]);
                Ok(())
            }
        }
    }
}
