//! Answers: what there is of a SKU.

use crate::store;
use chassis::{Ctx, Fault};
use contracts::{GetStockLevel, Refusal, Sku, StockLevel};
use sqlx::PgPool;

/// `req.inventory.level`
pub async fn get_stock_level(ctx: Ctx, request: GetStockLevel) -> Result<StockLevel, Fault> {
    level(&ctx.db, request.sku).await
}

/// What there is of a SKU.
///
/// # Errors
/// [`Refusal::NotFound`] for a SKU that was never here.
pub async fn level(db: &PgPool, sku: Sku) -> Result<StockLevel, Fault> {
    let Some(level) = store::level(db, &sku).await? else {
        return Err(Refusal::NotFound { what: "stock".to_owned() }.into());
    };
    Ok(StockLevel {
        sku,
        on_hand: level.on_hand,
        reserved: level.reserved,
        available: level.available(),
        version: level.version,
    })
}
