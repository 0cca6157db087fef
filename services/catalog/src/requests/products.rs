//! Answers: importing, showing and listing products.

use super::{News, tell};
use crate::{
    announce, domain,
    store::{
        self,
        pages::{Touched, change},
    },
};
use chassis::{Ctx, Fault, clock};
use contracts::{
    GetProduct, ImportProducts, ListProducts, Product, ProductPage, ProductVersion, ProductView, Refusal,
    Sku, Timestamp,
};
use sqlx::PgPool;

/// The most products of a page.
const MAX_PAGE: u32 = 500;

/// `req.catalog.import`
///
/// Once the products are committed the answer is yes: if telling them fails now, the sweep tells them.
pub async fn import_products(ctx: Ctx, request: ImportProducts) -> Result<Vec<ProductVersion>, Fault> {
    let (versions, news) = import(&ctx.db, &request.products, clock::now()).await?;
    tell(&ctx, &news).await;
    Ok(versions)
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
) -> Result<(Vec<ProductVersion>, News), Fault> {
    domain::check(products)?;
    let announce_at = now.plus(announce::GRACE);
    let (pages, ()) =
        change(db, &Touched::Products(products), announce_at, |pages| pages.import(products)).await?;
    let version = |product: &Product| {
        let version = pages.products.get(&product.sku)?.version;
        Some(ProductVersion { sku: product.sku.clone(), version })
    };
    Ok((products.iter().filter_map(version).collect(), News::of(&pages)))
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
    let listed = store::products::get(db, sku).await?;
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
    let mut products = store::products::list(db, after, limit + 1).await?;
    let is_last = products.len() <= limit as usize;
    products.truncate(limit as usize);
    let next = products.last().filter(|_| !is_last).map(|last| last.sku.clone());
    Ok(ProductPage { products, next })
}
