//! What a message is: its subject, version, owner and code; and the one list of all of them.

use crate::*;
use schemars::{JsonSchema, Schema};
use serde::{Serialize, de::DeserializeOwned};

/// Fact or wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something that happened: told by its owner, heard by whoever wants.
    Event,
    /// Something wished for: heard by its owner alone.
    Command,
}

/// The constants of a message type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageInfo {
    /// Fact or wish.
    pub kind: Kind,
    /// The NATS subject.
    pub subject: &'static str,
    /// Version of the body; part of `ce-type`. A new version is for a change that readers would not survive.
    pub version: u8,
    /// The service that tells this event, or that hears this command.
    pub owner: &'static str,
    /// Takes the place of the 15th byte in message ids. Never used again for another type.
    pub code: u8,
    /// CloudEvents' `type`: subject and version.
    pub ce_type: &'static str,
    /// Name of the Rust type and of the schema.
    pub name: &'static str,
}

impl MessageInfo {
    /// The message type of a subject.
    #[must_use]
    pub fn of_subject(subject: &str) -> Option<&'static Self> {
        MESSAGES.iter().copied().find(|info| info.subject == subject)
    }

    /// The message type that has this code in message ids.
    #[must_use]
    pub fn of_code(code: u8) -> Option<&'static Self> {
        MESSAGES.iter().copied().find(|info| info.code == code)
    }

    /// Whether it takes back what was done before for an order that goes no further (or tried to): stock, money, a
    /// shipment.
    #[must_use]
    pub fn compensates(&self) -> bool {
        [
            StockReleased::INFO.code,
            PaymentVoided::INFO.code,
            PaymentRefunded::INFO.code,
            PaymentRefundFailed::INFO.code,
            ShipmentCancelled::INFO.code,
        ]
        .contains(&self.code)
    }
}

/// A type that travels on a stream.
pub trait Message: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Its constants.
    const INFO: &'static MessageInfo;
}

macro_rules! messages {
    ($($kind:ident $code:literal $name:ident $subject:literal $owner:literal;)+) => {
        $(impl Message for $name {
            const INFO: &'static MessageInfo = &MessageInfo {
                kind: Kind::$kind,
                subject: $subject,
                version: 1,
                owner: $owner,
                code: $code,
                ce_type: concat!($subject, ".v1"),
                name: stringify!($name),
            };
        })+

        /// All message types, in the order of their codes.
        pub const MESSAGES: &[&MessageInfo] = &[$($name::INFO),+];

        /// Each message type's JSON Schema (2020-12), beside its constants.
        #[must_use]
        pub fn schemas() -> Vec<(&'static MessageInfo, Schema)> {
            vec![$(($name::INFO, schemars::schema_for!($name))),+]
        }
    };
}

messages! {
    Command   1 PlaceOrder             "cmd.order.place"          "orders";
    Command   2 CancelOrder            "cmd.order.cancel"         "orders";
    Command   3 ExpireOrder            "cmd.order.expire"         "orders";
    Event    10 OrderCreated           "order.created"            "orders";
    Event    11 OrderConfirmed         "order.confirmed"          "orders";
    Event    12 OrderCancelled         "order.cancelled"          "orders";
    Event    13 OrderCancelRequested   "order.cancel_requested"   "orders";
    Event    14 OrderCancelRefused     "order.cancel_refused"     "orders";
    Event    15 OrderCompleted         "order.completed"          "orders";
    Event    16 OrderDuplicate         "order.duplicate"          "orders";

    Command  30 ReceiveStock           "cmd.stock.receive"        "inventory";
    Command  31 AdjustStock            "cmd.stock.adjust"         "inventory";
    Event    40 StockReserved          "stock.reserved"           "inventory";
    Event    41 StockRejected          "stock.rejected"           "inventory";
    Event    42 StockReleased          "stock.released"           "inventory";
    Event    43 StockCommitted         "stock.committed"          "inventory";
    Event    44 StockLevelChanged      "stock.level_changed"      "inventory";
    Event    45 StockCommandRefused    "stock.command_refused"    "inventory";
    Event    46 StockAvailabilityChanged "stock.availability_changed" "inventory";

    Command  60 PayOrder               "cmd.payment.pay"          "payments";
    Command  61 VerifyPayment          "cmd.payment.verify"       "payments";
    Command  62 PaymentWebhook         "cmd.payment.webhook"      "payments";
    Command  63 RefundPayment          "cmd.payment.refund"       "payments";
    Event    70 PaymentAnswered        "payment.answered"         "payments";
    Event    71 PaymentCaptured        "payment.captured"         "payments";
    Event    72 PaymentPending         "payment.pending"          "payments";
    Event    73 PaymentDeclined        "payment.declined"         "payments";
    Event    74 PaymentVoided          "payment.voided"           "payments";
    Event    75 PaymentRefunded        "payment.refunded"         "payments";
    Event    76 PaymentRefundFailed    "payment.refund_failed"    "payments";
    Event    77 PaymentCommandRefused  "payment.command_refused"  "payments";

    Command  90 DispatchShipment       "cmd.shipment.dispatch"    "shipping";
    Command  91 DeliverShipment        "cmd.shipment.deliver"     "shipping";
    Event   100 ShipmentHeld           "shipment.held"            "shipping";
    Event   101 ShipmentRejected       "shipment.rejected"        "shipping";
    Event   102 ShipmentAnswered       "shipment.answered"        "shipping";
    Event   103 ShipmentScheduled      "shipment.scheduled"       "shipping";
    Event   104 ShipmentCancelled      "shipment.cancelled"       "shipping";
    Event   105 ShipmentDispatched     "shipment.dispatched"      "shipping";
    Event   106 ShipmentDelivered      "shipment.delivered"       "shipping";
    Event   107 ShipmentCommandRefused "shipment.command_refused" "shipping";

    Event   120 ProductChanged         "product.changed"          "catalog";

    Event   150 UserChanged            "user.changed"             "identity";
    Event   151 UserDeleted            "user.deleted"             "identity";
}

/// Whether messages on a subject are about an order (`ce-subject` is its id).
#[must_use]
pub fn is_about_an_order(subject: &str) -> bool {
    const ORDERS: [&str; 6] =
        ["order.", "payment.", "shipment.", "cmd.order.", "cmd.payment.", "cmd.shipment."];
    const STOCK: [&str; 4] = ["stock.reserved", "stock.rejected", "stock.released", "stock.committed"];
    let is_told = ORDERS.iter().any(|domain| subject.starts_with(domain));
    // A refusal is about its command.
    (is_told && !subject.ends_with(".command_refused")) || STOCK.contains(&subject)
}

/// Whether a message takes something back, or says that it has to be.
#[must_use]
pub fn is_compensation(subject: &str) -> bool {
    [
        "order.cancelled",
        "order.cancel_requested",
        "stock.released",
        "payment.voided",
        "payment.refunded",
        "payment.refund_failed",
        "shipment.cancelled",
    ]
    .contains(&subject)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn only_what_is_told_of_orders_takes_them_back() {
        let about = |subject: &str| is_about_an_order(subject);
        assert!(about("order.created") && about("stock.reserved") && about("cmd.payment.pay"));
        assert!(!about("stock.level_changed") && !about("cmd.stock.receive") && !about("product.changed"));
        assert!(!about("payment.command_refused") && !about("dead.orders"));
        let known = |subject: &str| MESSAGES.iter().any(|message| message.subject == subject);
        let all: Vec<_> = MESSAGES.iter().filter(|message| is_compensation(message.subject)).collect();
        assert_eq!(all.len(), 7, "each of them is a message");
        assert!(all.iter().all(|message| known(message.subject) && about(message.subject)));
    }

    #[test]
    fn codes_subjects_and_names_are_unique_and_every_subject_has_a_stream() {
        let unique =
            |values: Vec<String>| assert_eq!(values.iter().collect::<BTreeSet<_>>().len(), MESSAGES.len());
        unique(MESSAGES.iter().map(|m| m.code.to_string()).collect());
        unique(MESSAGES.iter().map(|m| m.subject.to_owned()).collect());
        unique(MESSAGES.iter().map(|m| m.name.to_owned()).collect());
        for message in MESSAGES {
            let stream = stream_of(message.subject).unwrap();
            assert_eq!(stream.name == "COMMANDS", message.kind == Kind::Command, "{}", message.subject);
        }
    }
}
