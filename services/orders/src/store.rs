//! SQL: loads all that a batch touches, saves all that changed; set-based, never a row at a time.

mod counts;
mod early;
mod erase;
mod ids;
mod load;
mod save;
mod save_orders;
mod words;

pub use erase::Erased;
pub(crate) use ids::long as long_id;
pub use load::load;
pub use save::save;
pub(crate) use words::{shown_status, to_shown_status, unreadable};
