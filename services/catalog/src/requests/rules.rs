//! The rules that prices follow: shown and set.

use crate::store;
use chassis::{Ctx, Fault};
use contracts::{
    DeleteCoupon, DeletePromotion, GetPriceRules, MAX_PROMOTIONS, MAX_TAX_RATES, PriceRules, Promotion,
    PutCoupon, PutPromotion, PutTaxRates, Refusal,
};

/// `req.catalog.price_rules`
pub async fn get_price_rules(ctx: Ctx, _: GetPriceRules) -> Result<PriceRules, Fault> {
    let mut db = ctx.db.acquire().await?;
    Ok(PriceRules {
        promotions: store::rules::promotions(&mut db).await?,
        coupons: store::rules::coupons(&mut db).await?,
        tax_rates: store::rules::tax_rates(&mut db, None).await?,
    })
}

/// `req.catalog.put_promotion`
pub async fn put_promotion(ctx: Ctx, asked: PutPromotion) -> Result<(), Fault> {
    check(&asked.promotion)?;
    let others = store::rules::others(&ctx.db, &asked.promotion.id).await?;
    if usize::try_from(others).is_ok_and(|others| others >= MAX_PROMOTIONS) {
        return Err(invalid("id", &format!("at most {MAX_PROMOTIONS} promotions")).into());
    }
    Ok(store::rules::put_promotion(&ctx.db, &asked.promotion).await?)
}

/// What every quote would be refused for.
fn check(promotion: &Promotion) -> Result<(), Refusal> {
    if promotion.currency.is_none() && pricing::speaks_of_amounts(promotion) {
        return Err(invalid("currency", "is needed where a promotion speaks of an amount"));
    }
    Ok(())
}

/// `req.catalog.delete_promotion`
pub async fn delete_promotion(ctx: Ctx, asked: DeletePromotion) -> Result<(), Fault> {
    store::rules::delete_promotion(&ctx.db, &asked.id).await
}

/// `req.catalog.put_coupon`
pub async fn put_coupon(ctx: Ctx, asked: PutCoupon) -> Result<(), Fault> {
    store::rules::put_coupon(&ctx.db, &asked.coupon).await
}

/// `req.catalog.delete_coupon`
pub async fn delete_coupon(ctx: Ctx, asked: DeleteCoupon) -> Result<(), Fault> {
    store::rules::delete_coupon(&ctx.db, &asked.code).await
}

/// `req.catalog.put_tax_rates`
pub async fn put_tax_rates(ctx: Ctx, asked: PutTaxRates) -> Result<(), Fault> {
    if asked.tax_rates.len() > MAX_TAX_RATES {
        return Err(invalid("tax_rates", &format!("at most {MAX_TAX_RATES}")).into());
    }
    Ok(store::rules::put_tax_rates(&ctx.db, &asked.tax_rates).await?)
}

fn invalid(field: &str, why: &str) -> Refusal {
    Refusal::Invalid { field: field.to_owned(), why: why.to_owned() }
}
