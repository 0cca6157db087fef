//! The rows of an order in all databases, copied set by set: as the flock really writes them, whatever the tables
//! look like today.
//!
//! Templates are real orders. A copy is the same row under another order's id, with other customers and times.

mod copy;
mod plan;
mod schema;

pub use copy::{Copies, Span};
pub use plan::DATABASES;
