//! A shop with a few things in it.

use crate::{
    gateway::{Gateway, told},
    services::{self, Postgres},
};
use contracts::Role;
use gateway::Settings;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct World {
    pub gateway: Gateway,
    pub admin: String,
    /// Stops the catalog.
    pub catalog: CancellationToken,
    pub postgres: Postgres,
}

impl World {
    pub async fn open() -> Self {
        Self::open_with(Settings::default()).await
    }

    pub async fn open_with(settings: Settings) -> Self {
        let settings = Settings { rate_address_per_s: 10_000, ..settings };
        let mut gateway = Gateway::start_with(settings).await;
        let postgres = services::postgres(&mut gateway).await;
        let catalog = services::run(&gateway, catalog::service(&catalog::Settings::default())).await;
        services::run(&gateway, orders::service(orders::Rules::default())).await;
        services::run(&gateway, inventory::service()).await;
        let admin = gateway.token(Role::Admin);
        let world = Self { gateway, admin, catalog, postgres };
        eventually("the catalog answers", async || world.get("/v1/categories", "").await.0 == 200).await;
        world
    }

    /// A shop with mugs in two colours, a pot, taxes of Britain, and a coupon for a tenth off mugs.
    pub async fn with_mugs() -> Self {
        Self::with_mugs_and(Settings::default()).await
    }

    pub async fn with_mugs_and(settings: Settings) -> Self {
        let world = Self::open_with(settings).await;
        world.done(Method::PUT, "/v1/categories/kitchen", &json!({ "name": "Kitchen" })).await;
        let mugs = json!({ "name": "Mugs", "parent": "kitchen" });
        world.done(Method::PUT, "/v1/categories/mugs", &mugs).await;
        world.write("starling-mug", "*", &mug()).await;
        let pot = json!({ "title": "Brown Betty teapot", "category": "kitchen", "variants": [
            { "sku": "POT", "prices": [{ "currency": "GBP", "amount": 2_500 }] }] });
        world.write("teapot", "*", &pot).await;
        let rate = json!({ "jurisdiction": "GB", "country": "GB", "category": "standard", "rate": 200_000 });
        world.done(Method::PUT, "/v1/tax-rates", &json!({ "tax_rates": [rate] })).await;
        let tenth = json!({ "needs_code": true, "on": { "categories": ["mugs"] },
            "benefit": { "kind": "percentage", "rate": 100_000 } });
        world.done(Method::PUT, "/v1/promotions/tenth", &tenth).await;
        let coupon = json!({ "promotion": "tenth", "limit": 10, "limit_per_customer": 1 });
        world.done(Method::PUT, "/v1/coupons/MUGS10", &coupon).await;
        world
    }

    pub async fn ask(&self, method: Method, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let request = self.gateway.request(method, path).json(body);
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        told(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        let request = self.gateway.request(Method::GET, path);
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        told(request.send().await.unwrap()).await
    }

    /// An admin's request that succeeds without an answer.
    pub async fn done(&self, method: Method, path: &str, body: &Value) {
        let (status, told) = self.ask(method, path, &self.admin, body).await;
        assert_eq!(status, 204, "{path}: {told}");
    }

    /// Writes a listing that builds on this tag; `*`: none yet.
    pub async fn try_to_write(&self, slug: &str, tag: &str, listing: &Value) -> Response {
        let name = if tag == "*" { "if-none-match" } else { "if-match" };
        let request = self.gateway.admin(Method::PUT, &format!("/v1/listings/{slug}"));
        request.header(name, tag).json(listing).send().await.unwrap()
    }

    pub async fn write(&self, slug: &str, tag: &str, listing: &Value) -> String {
        let response = self.try_to_write(slug, tag, listing).await;
        let tag = response.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        let (status, told) = told(response).await;
        assert!(matches!(status, 200 | 201), "{slug}: {status} {told}");
        tag.unwrap()
    }

    /// Waits until `orders` knows the products of a cart, and what is wanted is in stock.
    pub async fn receive(&self, skus: &[&str], reference: &str) {
        let lines: Vec<Value> = skus.iter().map(|sku| json!({ "sku": sku, "quantity": 5 })).collect();
        let receipt = json!({ "reference": reference, "lines": lines });
        let (status, told) = self.ask(Method::POST, "/v1/stock/receipts", &self.admin, &receipt).await;
        assert_eq!(status, 202, "{told}");
        for sku in skus {
            let path = format!("/v1/stock/{sku}");
            eventually("stock came in", async || {
                self.get(&path, &self.admin).await.1["on_hand"].as_i64() > Some(0)
            })
            .await;
        }
    }
}

/// A mug in two colours and two currencies.
pub fn mug() -> Value {
    let variant = |sku: &str, colour: &str| {
        json!({ "sku": sku, "options": { "colour": colour }, "weight_g": 300, "prices": [
            { "currency": "GBP", "amount": 1_000 }, { "currency": "EUR", "amount": 1_200 }] })
    };
    json!({
        "title": "Mug with a starling",
        "description": "Holds 300 ml.\nDishwasher safe.",
        "category": "mugs",
        "attributes": { "material": "stoneware" },
        "variants": [variant("MUG-RED", "red"), variant("MUG-BLUE", "blue")],
    })
}

/// What `/v1/carts` and `/v1/cart` take.
pub fn cart(lines: &[(&str, u32)], codes: &[&str]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(sku, n)| json!({ "sku": sku, "quantity": n })).collect();
    json!({ "currency": "GBP", "lines": lines, "codes": codes, "destination": { "country": "GB" } })
}

/// What `/v1/cart/checkout` takes.
pub fn checkout(total: i64) -> Value {
    json!({
        "total": total,
        "address": { "name": "Ann Other", "line1": "1 High St", "city": "Leeds", "country": "GB" },
        "payment": { "method": "sandbox.succeeds" },
    })
}

pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "not so in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
