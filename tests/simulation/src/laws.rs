//! The laws: of what is told, always; and of everything, at rest. (Those of each service's rows are in its part.)

mod at_rest;
mod money;
mod told;

pub use at_rest::{at_rest, stands};
pub use told::Told;
