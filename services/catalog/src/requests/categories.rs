//! `req.catalog.categories`, `req.catalog.put_category` and `req.catalog.delete_category`

use crate::store;
use chassis::{Ctx, Fault};
use contracts::{CategoryView, DeleteCategory, ListCategories, PutCategory, Refusal};

/// What promotions can name has this many letters at most.
const LONGEST: usize = 64;

/// Lists all of them.
pub async fn list_categories(ctx: Ctx, _: ListCategories) -> Result<Vec<CategoryView>, Fault> {
    Ok(store::categories::all(&mut *ctx.db.acquire().await?).await?)
}

/// Creates or changes one.
pub async fn put_category(ctx: Ctx, asked: PutCategory) -> Result<(), Fault> {
    if asked.slug.as_str().len() > LONGEST {
        let why = format!("at most {LONGEST} letters");
        return Err(Refusal::Invalid { field: "slug".to_owned(), why }.into());
    }
    store::categories::put(&ctx.db, &asked.slug, &asked.node).await
}

/// Deletes one that nothing stands in.
pub async fn delete_category(ctx: Ctx, asked: DeleteCategory) -> Result<(), Fault> {
    store::categories::delete(&ctx.db, &asked.slug).await
}
