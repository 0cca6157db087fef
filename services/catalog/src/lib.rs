//! Catalog: knows what the shop sells, how it is found, and what it costs; tells every change of a product.
//!
//! No message but a request changes a product: a change is committed with the time at which a sweep shall tell it, told
//! at once, and marked as told; so a crash in between delays the news and loses nothing. What catalog hears is whether
//! something can be had, and which orders' coupons are free again.

mod announce;
mod domain;
mod requests;
mod settings;
mod store;
mod timers;

pub use domain::Shelf;
pub use requests::{News, get, images, import, list, page, put, quote, search, show};
pub use settings::Settings;
pub use timers::Unannounced;

use chassis::{AfterCommit, Ctx, Db, Decision, Heard, Lease, Participant, Service, Writes};
use contracts::{
    LISTINGS_CHANGED, Message, Nothing, OrderCancelled, ProductChanged, QuoteCart, StockAvailabilityChanged,
    StockLevelChanged, message_enum,
};
use sqlx::migrate::Migrator;
use std::convert::Infallible;

message_enum! {
    /// What catalog listens to.
    pub enum Hears {
        LevelChanged(StockLevelChanged),
        AvailabilityChanged(StockAvailabilityChanged),
        OrderCancelled(OrderCancelled),
    }
}

/// Catalog's tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The service.
#[must_use]
pub fn service(settings: &Settings) -> Service {
    let prices = settings.catalog_prices.into();
    Service::new("catalog")
        .keeps(&MIGRATIONS)
        .participant::<Shelf>(())
        .tells(&[ProductChanged::INFO])
        .live(&[LISTINGS_CHANGED])
        .sweeps::<Unannounced>(&[])
        .answers(requests::import_products)
        .answers(requests::get_product)
        .answers(requests::list_products)
        .answers(requests::put_listings)
        .answers(requests::list_listings)
        .answers(requests::get_listing)
        .answers(requests::search_listings)
        .answers(requests::list_categories)
        .answers(requests::put_category)
        .answers(requests::delete_category)
        .answers(requests::begin_image)
        .answers(requests::add_image)
        .answers(requests::put_images)
        .answers(requests::delete_image)
        .answers(requests::list_stray_images)
        .answers(requests::forget_images)
        .answers(requests::get_price_rules)
        .answers(requests::put_promotion)
        .answers(requests::delete_promotion)
        .answers(requests::put_coupon)
        .answers(requests::delete_coupon)
        .answers(requests::put_tax_rates)
        .answers(move |ctx: Ctx, asked: QuoteCart| requests::quote_cart(ctx, prices, asked))
}

impl Participant for Shelf {
    type Hears = Hears;
    type Tells = Nothing;
    type Attempt = Infallible;
    type Rules = ();

    async fn load((): &(), db: &mut Db, heard: &[Heard<Hears>]) -> sqlx::Result<Self> {
        store::shelf::load(db, heard).await
    }

    fn decide(&mut self, heard: &Heard<Hears>) -> Decision<Nothing> {
        self.hear(heard)
    }

    fn save(self, _: Lease, writes: &mut Writes) -> sqlx::Result<AfterCommit<Infallible>> {
        store::shelf::save(&self, writes);
        Ok(AfterCommit { live: self.live()?, ..AfterCommit::default() })
    }
}
