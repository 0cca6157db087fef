//! The rules that prices follow: promotions, coupons, tax rates.

use crate::{app::App, body::Json, problem::Problem};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use contracts::{
    Benefit, Coupon, CouponCode, Currency, DeleteCoupon, DeletePromotion, GetPriceRules, Period, PriceRules,
    Promotion, PromotionId, PutCoupon, PutPromotion, PutTaxRates, Scope, TaxRate, Text,
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

pub(crate) async fn show(State(app): State<Arc<App>>) -> Result<axum::Json<PriceRules>, Problem> {
    app.ask(&GetPriceRules {}, "rule").await.map(axum::Json)
}

/// A promotion without its id, which stands in the path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPromotion {
    /// Higher goes first.
    #[serde(default)]
    priority: i32,
    /// Takes something off alone or not at all.
    #[serde(default)]
    exclusive: bool,
    /// When.
    #[serde(default)]
    period: Period,
    /// Only with a coupon code.
    #[serde(default)]
    needs_code: bool,
    /// Only in this currency. Needed where the promotion speaks of amounts.
    #[serde(default)]
    currency: Option<Currency>,
    /// Only for orders of at least this much before discounts.
    #[serde(default)]
    minimum: Option<contracts::Amount>,
    /// Which products it is off; for "buy X get Y" those that are cheaper.
    #[serde(default)]
    on: Scope,
    /// What it takes off.
    benefit: Benefit,
}

pub(crate) async fn put_promotion(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Json(new): Json<NewPromotion>,
) -> Result<StatusCode, Problem> {
    let id: PromotionId = Text::new(id).map_err(|_| Problem::field("id", "1 to 64 characters"))?;
    let NewPromotion { priority, exclusive, period, needs_code, currency, minimum, on, benefit } = new;
    let promotion = Promotion { id, priority, exclusive, period, needs_code, currency, minimum, on, benefit };
    app.ask(&PutPromotion { promotion }, "promotion").await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn delete_promotion(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id: PromotionId = Text::new(id).map_err(|_| Problem::not_found("promotion"))?;
    app.ask(&DeletePromotion { id }, "promotion").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A coupon without its code, which stands in the path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCoupon {
    /// What it opens.
    promotion: PromotionId,
    /// When.
    #[serde(default)]
    period: Period,
    /// How many orders may use it; none: any number.
    #[serde(default)]
    limit: Option<u32>,
    /// How many orders of one customer may use it; none: any number.
    #[serde(default)]
    limit_per_customer: Option<u32>,
}

pub(crate) async fn put_coupon(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    Json(new): Json<NewCoupon>,
) -> Result<StatusCode, Problem> {
    let code: CouponCode = Text::new(code).map_err(|_| Problem::field("code", "1 to 64 characters"))?;
    let NewCoupon { promotion, period, limit, limit_per_customer } = new;
    let coupon = Coupon { code, promotion, period, limit, limit_per_customer, used: 0, used_by_customer: 0 };
    app.ask(&PutCoupon { coupon }, "coupon").await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn delete_coupon(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
) -> Result<StatusCode, Problem> {
    let code: CouponCode = Text::new(code).map_err(|_| Problem::not_found("coupon"))?;
    app.ask(&DeleteCoupon { code }, "coupon").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All tax rates of the shop.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaxRates {
    /// Those that are not named are no more.
    tax_rates: Vec<TaxRate>,
}

pub(crate) async fn put_tax_rates(
    State(app): State<Arc<App>>,
    Json(TaxRates { tax_rates }): Json<TaxRates>,
) -> Result<StatusCode, Problem> {
    app.ask(&PutTaxRates { tax_rates }, "tax rate").await?;
    Ok(StatusCode::NO_CONTENT)
}
