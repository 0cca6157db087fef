//! What `catalog` is asked.

mod images;
mod listings;
mod products;
mod search;
mod selling;

pub use images::*;
pub use listings::*;
pub use products::*;
pub use search::*;
pub use selling::*;
