//! The words that states and outcomes are stored as.

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As it is stored.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The one that a word stands for.
            #[must_use]
            pub fn of(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}

words! {
    /// How far an order's payment is.
    State {
        /// Not everything is known that must be before money moves.
        Owes = "owes",
        /// Stock is reserved and the shipment held; what it costs is not known yet.
        Ready = "ready",
        /// A charge is under way, or its outcome is unknown.
        Charging = "charging",
        /// The provider is waiting for the customer.
        Pending = "pending",
        /// The money is there.
        Captured = "captured",
        /// The last charge brought nothing.
        Declined = "declined",
        /// Cancelled, and never charged.
        Voided = "voided",
        /// Money is on its way back; for a cancelled order also: it should be, but a refund failed.
        Refunding = "refunding",
        /// All that was captured went back.
        Refunded = "refunded",
    }

    /// What came of an attempt.
    Outcome {
        /// Charge, void, look-up: the money is there.
        Captured = "captured",
        /// Charge, look-up: not decided yet.
        Pending = "pending",
        /// Charge, void, look-up: no.
        Declined = "declined",
        /// Charge, void, look-up: it will never be charged.
        Voided = "voided",
        /// Refund, look-up: the money went back.
        Refunded = "refunded",
        /// Refund, look-up: it did not.
        RefundFailed = "refund_failed",
        /// The provider knows nothing of it. A charge or refund of which this is said, long after it was sent,
        /// is for an operator to see to.
        NotFound = "not_found",
    }

    /// How far a refund is.
    RefundState {
        /// Asked for, or its outcome is unknown: it counts.
        Open = "open",
        /// The money went back: it counts.
        Succeeded = "succeeded",
        /// It did not: it does not count.
        Failed = "failed",
    }

    /// What a provider's webhook can say of a charge.
    NoticeOutcome {
        /// The money is there.
        Captured = "captured",
        /// The customer, or the bank, said no.
        Declined = "declined",
        /// The customer did nothing in time.
        Expired = "expired",
    }
}
