//! Catalog: knows what the shop sells and at which price, and tells every change.
//!
//! No message drives it, only requests: a change is committed with the time at which a sweep shall tell it, told at
//! once, and marked as told; so a crash in between delays the news and loses nothing.

mod announce;
mod domain;
mod requests;
mod store;
mod timers;

pub use requests::{get, import, list};
pub use timers::Unannounced;

use chassis::Service;
use contracts::{GetProduct, ImportProducts, ListProducts, Message, ProductChanged};
use sqlx::migrate::Migrator;

/// Catalog's tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The service.
#[must_use]
pub fn service() -> Service {
    Service::new("catalog")
        .keeps(&MIGRATIONS)
        .tells(&[ProductChanged::INFO])
        .sweeps::<Unannounced>(&[])
        .answers::<ImportProducts, _, _>(requests::import_products)
        .answers::<GetProduct, _, _>(requests::get_product)
        .answers::<ListProducts, _, _>(requests::list_products)
}
