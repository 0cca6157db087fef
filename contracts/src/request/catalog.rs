//! What `catalog` is asked.

mod listings;
mod products;
mod search;
mod selling;

pub use listings::*;
pub use products::*;
pub use search::*;
pub use selling::*;
