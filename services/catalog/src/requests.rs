//! Answers: importing, showing and listing products.

use crate::{announce, domain, store};
use chassis::{Ctx, Fault, clock};
use contracts::{
    GetProduct, ImportProducts, ListProducts, MessageId, Product, ProductChanged, ProductPage,
    ProductVersion, ProductView, Refusal, Sku, Timestamp,
};
use sqlx::PgPool;

/// The most products of a page.
const MAX_PAGE: u32 = 500;

/// `req.catalog.import`
///
/// Once the products are committed the answer is yes: if telling them fails now, the sweep tells them.
pub async fn import_products(ctx: Ctx, request: ImportProducts) -> Result<Vec<ProductVersion>, Fault> {
    let (versions, changes) = import(&ctx.db, &request.products, clock::now()).await?;
    if let Err(error) = tell(&ctx, &changes).await {
        tracing::warn!(%error, products = changes.len(), "changed products are not told yet, the sweep will");
    }
    Ok(versions)
}

async fn tell(ctx: &Ctx, changes: &[ProductChanged]) -> Result<(), Fault> {
    if changes.is_empty() {
        return Ok(());
    }
    let messages = announce::messages(changes).map_err(|error| Fault::Broken(error.to_string()))?;
    let ids: Vec<MessageId> = messages.iter().map(|message| message.id).collect();
    ctx.publish(messages).await?;
    let mut db = ctx.db.acquire().await?;
    store::announced(&mut db, &ids).await?;
    Ok(())
}

/// Creates or changes the products in one transaction; what is already so stays as it is. Returns the versions of
/// all of them, as they were given, and the changes that are now to be told.
///
/// # Errors
/// [`Refusal::Invalid`] when there are too many, or one twice.
pub async fn import(
    db: &PgPool,
    products: &[Product],
    now: Timestamp,
) -> Result<(Vec<ProductVersion>, Vec<ProductChanged>), Fault> {
    domain::check(products)?;
    let listed = store::import(db, products, now.plus(announce::GRACE)).await?;
    let version = |product: &Product| {
        let version = listed.get(&product.sku)?.version;
        Some(ProductVersion { sku: product.sku.clone(), version })
    };
    let versions = products.iter().filter_map(version).collect();
    let changed = listed.fresh().chain(listed.changed());
    Ok((versions, changed.map(|(sku, listed)| domain::changed(sku, listed)).collect()))
}

/// `req.catalog.get`
pub async fn get_product(ctx: Ctx, request: GetProduct) -> Result<ProductView, Fault> {
    get(&ctx.db, &request.sku).await
}

/// Shows a product, whether it is sold at present or not.
///
/// # Errors
/// [`Refusal::NotFound`] when there is none.
pub async fn get(db: &PgPool, sku: &Sku) -> Result<ProductView, Fault> {
    let listed = store::get(db, sku).await?;
    listed.ok_or_else(|| Refusal::NotFound { what: "product".to_owned() }.into())
}

/// `req.catalog.list`
pub async fn list_products(ctx: Ctx, request: ListProducts) -> Result<ProductPage, Fault> {
    list(&ctx.db, request.after.as_ref(), request.limit).await
}

/// Lists `limit` products by SKU, from the first one after `after` on.
///
/// # Errors
/// [`Refusal::Invalid`] when the limit is not 1 to 500.
pub async fn list(db: &PgPool, after: Option<&Sku>, limit: u32) -> Result<ProductPage, Fault> {
    if !(1..=MAX_PAGE).contains(&limit) {
        let why = format!("from 1 to {MAX_PAGE}");
        return Err(Refusal::Invalid { field: "limit".to_owned(), why }.into());
    }
    // One more than wanted tells whether there is another page.
    let mut products = store::list(db, after, limit + 1).await?;
    let is_last = products.len() <= limit as usize;
    products.truncate(limit as usize);
    let next = products.last().filter(|_| !is_last).map(|last| last.sku.clone());
    Ok(ProductPage { products, next })
}
