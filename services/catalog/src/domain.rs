//! What changes do to products, listings and stock: pure.

mod images;
mod import;
mod pages;
mod product;
mod put;
mod shelf;
mod tree;

pub use images::arrange;
pub use import::check;
pub use pages::{Page, Pages, hashed_slug};
pub use product::{Listed, changed, event_id};
pub use shelf::{Shelf, Stocked, Uses};
pub use tree::check_parent;
