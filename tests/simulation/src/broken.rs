//! A law that does not hold.

use crate::letter::{NO_ORDER, number_of};
use contracts::OrderId;

/// Which law, and of which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The law, in words.
    pub law: &'static str,
    /// The number of the order; the highest there is if it is no single one's.
    pub order: u8,
    /// What was found instead.
    pub found: String,
}

impl Broken {
    /// A law that an order breaks.
    #[must_use]
    pub fn by(order: OrderId, law: &'static str, found: impl Into<String>) -> Self {
        Self { law, order: number_of(order.0), found: found.into() }
    }

    /// A law that is about no single order.
    #[must_use]
    pub fn somewhere(law: &'static str, found: impl Into<String>) -> Self {
        Self { law, order: NO_ORDER, found: found.into() }
    }
}

/// Fails with the law unless it holds; what was found is only put into words then.
///
/// # Errors
/// The law.
pub fn must(
    holds: bool,
    order: OrderId,
    law: &'static str,
    found: impl FnOnce() -> String,
) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken::by(order, law, found())) }
}
