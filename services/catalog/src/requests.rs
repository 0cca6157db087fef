//! Answers.

mod categories;
mod listings;
mod products;
mod quote;
mod rules;
mod search;

pub use categories::{delete_category, list_categories, put_category};
pub use listings::{get_listing, put, put_listings, show};
pub use products::{get, get_product, import, import_products, list, list_products};
pub use quote::{quote, quote_cart};
pub use rules::{delete_coupon, delete_promotion, get_price_rules, put_coupon, put_promotion, put_tax_rates};
pub use search::{Cursor, search, search_listings};

use crate::{announce, store};
use chassis::{Ctx, Fault};
use contracts::{MessageId, ProductChanged};

/// Tells what was committed. If it fails now, the sweep tells it.
async fn tell(ctx: &Ctx, changes: &[ProductChanged]) {
    if let Err(error) = try_to_tell(ctx, changes).await {
        tracing::warn!(%error, products = changes.len(), "changed products are not told yet, the sweep will");
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
