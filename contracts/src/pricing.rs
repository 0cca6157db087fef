//! Prices: the rules that a shop sets, and how the amounts of an order came about. The crate `pricing` makes the one from
//! the other.

mod breakdown;
mod codes;
mod rules;

pub use breakdown::*;
pub use codes::*;
pub use rules::*;
