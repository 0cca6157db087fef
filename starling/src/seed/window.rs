//! What carts are tried with: a listing with variants, tax rates, a coupon.

use crate::gateway_client::{As, Ask, GatewayClient};
use anyhow::ensure;
use axum::http::Method;
use contracts::{PriceRules, Sku};
use serde_json::{Value, json};

/// Country and standard rate in millionths, as of 2026. Prices have the tax in them.
const TAXES: [(&str, u32); 5] =
    [("GB", 200_000), ("IE", 230_000), ("DE", 190_000), ("FR", 200_000), ("US", 0)];

/// Makes them; what is there already stays. Returns the variants.
///
/// # Errors
/// When the gateway refuses.
pub async fn dress(gateway: &GatewayClient) -> anyhow::Result<Vec<Sku>> {
    put(gateway, "/v1/categories/tableware", &json!({ "name": "Tableware" })).await?;
    let variant = |sku: &str, size: &str, gbp: u32, eur: u32| {
        json!({ "sku": sku, "options": { "size": size }, "weight_g": 350, "prices": [
            { "currency": "GBP", "amount": gbp }, { "currency": "EUR", "amount": eur }] })
    };
    let listing = json!({
        "slug": "breakfast-mug",
        "title": "Breakfast mug",
        "description": "Stoneware, blue as the morning.",
        "category": "tableware",
        "attributes": { "colour": "blue", "material": "stoneware" },
        "variants": [variant("MUG-BREAKFAST-S", "small", 950, 1_150), variant("MUG-BREAKFAST-L", "large", 1_250, 1_500)],
    });
    let told = gateway
        .send(&Ask {
            method: Method::POST,
            path: "/v1/listings/import",
            headers: &[("content-type", "application/x-ndjson")],
            body: Some(listing.to_string()),
            by: As::Service,
        })
        .await?;
    let told = String::from_utf8_lossy(&told.body).into_owned();
    let sums: Value = told.lines().last().map(serde_json::from_str).transpose()?.unwrap_or_default();
    ensure!(sums["done"]["refused"] == 0, "the listing was refused: {told}");
    let rules: PriceRules = gateway.get("/v1/price-rules", As::Service).await?;
    if rules.tax_rates.is_empty() {
        let rate = |(country, rate): &(&str, u32)| json!({ "jurisdiction": country, "country": country, "category": "standard", "rate": rate });
        let rates = TAXES.iter().map(rate).collect::<Vec<_>>();
        put(gateway, "/v1/tax-rates", &json!({ "tax_rates": rates })).await?;
    }
    let tenth = json!({ "needs_code": true, "benefit": { "kind": "percentage", "rate": 100_000 } });
    put(gateway, "/v1/promotions/welcome", &tenth).await?;
    let coupon = json!({ "promotion": "welcome", "limit_per_customer": 1 });
    put(gateway, "/v1/coupons/WELCOME10", &coupon).await?;
    Ok(vec![Sku::new("MUG-BREAKFAST-S")?, Sku::new("MUG-BREAKFAST-L")?])
}

async fn put(gateway: &GatewayClient, path: &str, body: &Value) -> anyhow::Result<()> {
    let ask = Ask { method: Method::PUT, path, headers: &[], body: Some(body.to_string()), by: As::Service };
    gateway.send(&ask).await.map(drop)
}
