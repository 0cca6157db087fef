//! What `catalog` keeps and tells: what is sold, and how it is shown.

mod image;
mod listing;
mod product;
mod prose;
mod slug;

pub use image::*;
pub use listing::*;
pub use product::*;
pub use prose::*;
pub use slug::*;
