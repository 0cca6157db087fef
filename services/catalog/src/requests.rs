//! Answers.

mod categories;
pub mod images;
mod listings;
mod products;
mod quote;
mod rules;
mod search;

pub use categories::{delete_category, list_categories, put_category};
pub use images::{add_image, begin_image, delete_image, forget_images, list_stray_images, put_images};
pub use listings::{get_listing, list_listings, page, put, put_listings, show};
pub use products::{get, get_product, import, import_products, list, list_products};
pub use quote::{quote, quote_cart};
pub use rules::{delete_coupon, delete_promotion, get_price_rules, put_coupon, put_promotion, put_tax_rates};
pub use search::{Cursor, search, search_listings};

use crate::{announce, domain::Pages, store};
use chassis::{Ctx, Fault, Live};
use contracts::{LISTINGS_CHANGED, ListingsChanged, MessageId, ProductChanged};

/// What is to be told once a change is committed.
#[derive(Debug)]
pub struct News {
    /// To all, for ever.
    pub changes: Vec<ProductChanged>,
    /// To those who listen right now.
    pub listings: ListingsChanged,
}

impl News {
    fn of(pages: &Pages) -> Self {
        Self { changes: pages.news(), listings: ListingsChanged { slugs: pages.shown_otherwise() } }
    }
}

/// Tells what was committed. If it fails now, the sweep tells the changes; listings are shown anew when what is remembered
/// of them has expired.
async fn tell(ctx: &Ctx, news: &News) {
    if !news.listings.slugs.is_empty() {
        match serde_json::to_vec(&news.listings) {
            Ok(body) => ctx.tell_live(Live { subject: LISTINGS_CHANGED.to_owned(), body }).await,
            Err(error) => tracing::error!(%error, "changed listings could not be written"),
        }
    }
    if let Err(error) = try_to_tell(ctx, &news.changes).await {
        let products = news.changes.len();
        tracing::warn!(%error, products, "changed products are not told yet, the sweep will");
    }
}

async fn try_to_tell(ctx: &Ctx, changes: &[ProductChanged]) -> Result<(), Fault> {
    if changes.is_empty() {
        return Ok(());
    }
    let messages = announce::messages(changes).map_err(|error| Fault::Broken(error.to_string()))?;
    let ids: Vec<MessageId> = messages.iter().map(|message| message.id).collect();
    ctx.publish(messages).await?;
    let mut db = ctx.db.acquire().await?;
    store::products::announced(&mut db, &ids).await?;
    Ok(())
}
