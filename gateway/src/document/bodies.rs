//! Examples of bodies, one for each route that takes JSON: all of one small shop, so that they work one after the other.

use serde_json::{Value, json};

/// Who the examples are about; the same in `contracts/http`.
const EMAIL: &str = "ann@example.org";
const PASSWORD: &str = "correct horse battery";

/// What a client might send; none for a route that takes no JSON.
pub(super) fn of(route: &str) -> Option<Value> {
    catalog(route).or_else(|| selling(route)).or_else(|| auth(route)).or_else(|| users(route))
}

fn catalog(route: &str) -> Option<Value> {
    Some(match route {
        "POST /v1/products/import" => json!({ "products": [
            { "sku": "TEA-250", "name": "Tea, 250 g", "price": 450, "currency": "GBP" }] }),
        "PUT /v1/categories/{slug}" => json!({ "name": "Mugs" }),
        "PUT /v1/listings/{slug}" => listing(),
        "PUT /v1/listings/{slug}/images" => json!({ "images": [
            { "id": super::examples::id(1), "alt": "The mug from the left" }] }),
        "POST /v1/stock/receipts" => json!({ "reference": "delivery-note-4711", "lines": [
            { "sku": "MUG-RED", "quantity": 20 }, { "sku": "MUG-BLUE", "quantity": 20 }] }),
        "POST /v1/stock/adjustments" => json!({
            "reference": "count-of-january", "sku": "MUG-RED", "delta": -1, "reason": "broken" }),
        _ => return None,
    })
}

fn listing() -> Value {
    let variant = |sku: &str, colour: &str| {
        json!({ "sku": sku, "options": { "colour": colour }, "weight_g": 300, "prices": [
            { "currency": "GBP", "amount": 1_000 }, { "currency": "EUR", "amount": 1_200 }] })
    };
    json!({
        "title": "Mug with a starling",
        "description": "Holds 300 ml. Dishwasher safe.",
        "category": "mugs",
        "attributes": { "material": "stoneware" },
        "variants": [variant("MUG-RED", "red"), variant("MUG-BLUE", "blue")],
    })
}

/// A line of a file of listings.
pub(super) fn listing_line() -> String {
    let mut line = listing();
    line["slug"] = json!("starling-mug");
    format!("{line}\n")
}

fn selling(route: &str) -> Option<Value> {
    let payment = json!({ "method": "sandbox.succeeds" });
    Some(match route {
        "POST /v1/orders" => json!({
            "currency": "GBP",
            "lines": [{ "sku": "MUG-RED", "quantity": 1, "unit_price": 1_000 }],
            "address": address(),
            "payment": payment,
        }),
        "PUT /v1/orders/{id}/status" => json!({ "status": "dispatched" }),
        "POST /v1/payments" => json!({ "order_id": super::examples::id(1), "payment": payment }),
        "POST /v1/payments/{order_id}/refund" => json!({ "reference": "refund-1", "amount": 500 }),
        "POST /v1/carts" | "PUT /v1/carts/{id}" | "PUT /v1/cart" => json!({
            "currency": "GBP",
            "lines": [{ "sku": "MUG-RED", "quantity": 2 }],
            "codes": ["MUGS10"],
            "destination": { "country": "GB" },
        }),
        "POST /v1/cart/merge" => json!({ "cart_id": super::examples::id(1) }),
        "POST /v1/cart/checkout" => json!({ "total": 1_800, "address": address(), "payment": payment }),
        "PUT /v1/promotions/{id}" => json!({
            "needs_code": true,
            "on": { "categories": ["mugs"] },
            "benefit": { "kind": "percentage", "rate": 100_000 },
        }),
        "PUT /v1/coupons/{code}" => {
            json!({ "promotion": "tenth-off", "limit": 100, "limit_per_customer": 5 })
        }
        "PUT /v1/tax-rates" => json!({ "tax_rates": [
            { "jurisdiction": "GB", "country": "GB", "category": "standard", "rate": 200_000 }] }),
        _ => return None,
    })
}

pub(super) fn address() -> Value {
    json!({ "name": "Ann Other", "line1": "1 High St", "city": "Leeds", "postal_code": "LS1 4DY", "country": "GB" })
}

fn auth(route: &str) -> Option<Value> {
    Some(match route {
        "POST /v1/auth/register" => {
            json!({ "email": EMAIL, "password": PASSWORD, "name": "Ann Other", "language": "en" })
        }
        "POST /v1/auth/verify-email" => json!({ "token": "sm_from-the-mail" }),
        "POST /v1/auth/login" => json!({ "email": EMAIL, "password": PASSWORD, "device": "Ann's laptop" }),
        "POST /v1/auth/oidc/code" => json!({ "ticket": "st_from-the-callback", "code": "123456" }),
        "POST /v1/auth/refresh" => json!({ "refresh_token": "sr_from-the-login" }),
        "POST /v1/auth/forgot-password" => json!({ "email": EMAIL }),
        "POST /v1/auth/reset-password" => json!({ "token": "sm_from-the-mail", "password": PASSWORD }),
        "POST /v1/auth/change-password" => json!({ "current": PASSWORD, "password": PASSWORD }),
        "POST /v1/auth/change-email" => json!({ "email": "ann.other@example.org", "password": PASSWORD }),
        _ => return None,
    })
}

fn users(route: &str) -> Option<Value> {
    Some(match route {
        "PUT /v1/users/me" => json!({ "name": "Ann Other" }),
        "DELETE /v1/users/me" | "POST /v1/users/me/totp" => json!({ "password": PASSWORD }),
        "PUT /v1/users/me/preferences" => json!({ "language": "en", "currency": "GBP", "channels": {
            "email": true, "sms": false, "push": false, "marketing": false } }),
        "POST /v1/users/me/addresses" | "PUT /v1/users/me/addresses/{id}" => {
            json!({ "label": "home", "is_default": true, "address": address() })
        }
        "POST /v1/users/me/totp/confirm" => json!({ "code": "123456" }),
        "DELETE /v1/users/me/totp" => json!({ "password": PASSWORD, "code": "123456" }),
        "PUT /v1/users/{id}" => json!({ "status": "suspended" }),
        "POST /v1/api-keys" => {
            json!({ "name": "warehouse", "scopes": ["stock:write", "orders:read"], "days": 90 })
        }
        _ => return None,
    })
}
