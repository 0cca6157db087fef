//! The shelf in Postgres: a handful of statements a batch, whatever its size.

mod load;
mod save;

pub use load::{level, load};
pub use save::save;
