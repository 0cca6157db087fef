//! What `catalog` keeps and tells: what is sold, and how it is shown.

mod listing;
mod product;
mod prose;
mod slug;

pub use listing::*;
pub use product::*;
pub use prose::*;
pub use slug::*;
