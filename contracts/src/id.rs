//! Ids: all kinds in one place, each its own type, all UUIDs (RFC 9562).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

ids! {
    /// An order: a UUIDv7 whose last two bytes are zero, so that the ids of its events can be made of it.
    OrderId;
    /// Who buys: the subject of a customer's token.
    CustomerId;
    /// A sign-in on one device, from login to logout; also an API key, since both end and are heard of alike.
    SessionId;
    /// One of a customer's saved addresses.
    AddressId;
    /// An account at an OpenID provider, with which its owner comes in here.
    IdentityId;
    /// A cart that is nobody's yet: whoever knows it may use it, so it cannot be guessed (UUIDv4).
    CartId;
    /// A picture of what is sold, never given twice (UUIDv7).
    ImageId;
    /// One message: the key of the journal and of JetStream's deduplication.
    MessageId;
}

impl OrderId {
    /// Gives a fresh UUIDv7 the shape of an order's id: its last two bytes become zero.
    #[must_use]
    pub fn from_v7(fresh: Uuid) -> Self {
        Self(MessageId::about(fresh, 0, 0).0)
    }
}

impl MessageId {
    /// The id of the `count`-th message with type code `code` about an entity (an order, or for messages that
    /// a command brought about, that command): the entity's UUIDv7 with the last two bytes replaced.
    ///
    /// Deterministic, so that a repetition is recognised; and in index order, since all of an order's messages
    /// share its time-ordered prefix.
    #[must_use]
    pub fn about(entity: Uuid, code: u8, count: u8) -> Self {
        let mut bytes = entity.into_bytes();
        bytes[14] = code;
        bytes[15] = count;
        Self(Uuid::from_bytes(bytes))
    }

    /// A name-based id (UUIDv5) for messages that have no entity with room for a code: timers' commands, dead
    /// letters, messages that came without an id.
    #[must_use]
    pub fn named(parts: &[&str]) -> Self {
        /// The namespace of Starling's name-based ids: a random UUID, fixed for ever.
        const NAMESPACE: Uuid = Uuid::from_u128(0x6f2a_54c1_9d0e_4b7c_8a35_e1f0_27c4_d96b);
        Self(Uuid::new_v5(&NAMESPACE, parts.join("\u{1f}").as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_of_an_order_share_its_prefix_and_differ_by_code_and_count() {
        let order = OrderId::from_v7(Uuid::now_v7());
        let first = MessageId::about(order.0, 3, 0);
        let second = MessageId::about(order.0, 3, 1);
        assert_ne!(first, second);
        assert_eq!(OrderId::from_v7(second.0), order);
        assert_eq!(order.0.get_version_num(), 7);
    }
}
