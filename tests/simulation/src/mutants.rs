//! Bugs planted on purpose: each must be found, or the simulation proves nothing.
//!
//! The services' code knows nothing of them. A mutant bends what goes into the real `decide`, or what comes out of it,
//! or the modelled chassis, or the way to the outside.

mod inventory;
mod orders;
mod payments;
mod shipping;

pub(crate) use inventory::decide as inventory;
pub(crate) use orders::decide as orders;
pub(crate) use payments::decide as payments;
pub(crate) use shipping::decide as shipping;

use crate::part::Service;

macro_rules! mutants {
    ($($name:ident $flag:literal $bug:literal;)+) => {
        /// A planted bug.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub enum Mutant {
            /// No bug.
            #[default]
            None,
            $(#[doc = $bug] $name,)+
        }

        impl Mutant {
            /// All bugs.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// As it is asked for on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { Self::None => "none", $(Self::$name => $flag),+ }
            }

            /// What is wrong.
            #[must_use]
            pub const fn bug(self) -> &'static str {
                match self { Self::None => "nothing is wrong", $(Self::$name => $bug),+ }
            }
        }
    };
}

mutants! {
    AckBeforeCommit "ack-before-commit" "a message is acknowledged before its effects are committed";
    AckBeforePublish "ack-before-publish" "a message is acknowledged before its outputs are published";
    PublishOutside "publish-outside" "outputs are published before the transaction is committed";
    OutputsNotStored "outputs-not-stored" "the journal keeps the input, not its outputs";
    FreshIds "fresh-ids" "stored outputs are published again under new ids";
    JournalFirst "journal-first" "the journal row is committed before the state";
    NoLocks "no-locks" "rows are not locked and inserted by upsert: the last of two replicas wins";
    RedriveTwice "redrive-twice" "a redrive decides a dead letter that was redriven before";

    NoTombstoneOrders "no-tombstone-orders" "orders forgets a cancellation that overtakes its order";
    DeadlineOverPayment "deadline-over-payment" "a deadline cancels an order that is paid";
    PendingNotWaitedFor "pending-not-waited-for" "the deadline does not wait for a pending payment";
    KeyForgotten "key-forgotten" "the second order under an idempotency key is an order";
    CatalogUnread "catalog-unread" "prices are taken as the client says";
    ConfirmsUnscheduled "confirms-unscheduled" "an order is confirmed without its shipment";

    NoTombstoneInventory "no-tombstone-inventory" "inventory forgets a cancellation that overtakes its order";
    NotHeld "not-held" "stock is compared but not held";
    TakesWhatIsThere "takes-what-is-there" "min(wanted, available) is taken from the shelf";
    NotReleased "not-released" "a cancelled order's reservation stays";
    ReceiptTwice "receipt-twice" "a receipt's reference is not looked at";

    NoTombstonePayments "no-tombstone-payments" "payments forgets a cancellation that overtakes its order";
    NoLateRefund "no-late-refund" "what is captured after the cancellation is not refunded";
    RefundUncounted "refund-uncounted" "a refund under way does not count";
    SurplusKept "surplus-kept" "a second capture is kept";
    PaysBesidePending "pays-beside-pending" "another way to pay begins before the pending one is voided";
    SentIsUnsent "sent-is-unsent" "a lease does not count the call, so what was sent is withdrawn";
    NoKey "no-key" "the provider is called without an idempotency key";
    TimeoutIsNo "timeout-is-no" "no answer in time is taken for a decline";

    NoTombstoneShipping "no-tombstone-shipping" "shipping forgets a cancellation that overtakes its order";
    BookingStands "booking-stands" "a booking made while the order was cancelled is not voided";
    PlaceNotFreed "place-not-freed" "a cancelled shipment keeps its place in the slot";
    DispatchUnconfirmed "dispatch-unconfirmed" "a shipment leaves before its order is confirmed";
    CancelsDispatched "cancels-dispatched" "a shipment that has left is called off";
}

impl Mutant {
    /// Whether a service's fresh rows overwrite what is there already.
    #[must_use]
    pub const fn upserts(self, service: Service) -> bool {
        matches!((self, service), (Self::NoLocks, _) | (Self::KeyForgotten, Service::Orders))
    }

    /// The mutant of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mutant| mutant.name() == name)
    }
}
