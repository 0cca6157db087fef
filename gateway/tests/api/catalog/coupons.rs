//! Coupons: used once an order, never more often than they may be, free again when the order is cancelled.

use super::world::{World, cart, checkout, eventually};
use crate::gateway::told;
use contracts::Role;
use reqwest::Method;
use serde_json::{Value, json};

impl World {
    /// Puts a mug with the code into the cart of this customer; what it costs, and what became of the code.
    async fn with_code(&self, token: &str) -> (i64, Value) {
        let (_, view) = self.ask(Method::PUT, "/v1/cart", token, &cart(&[("MUG-RED", 1)], &["MUGS10"])).await;
        let total =
            view["quote"]["breakdown"]["totals"]["total"].as_i64().unwrap_or_else(|| panic!("{view}"));
        (total, view["quote"]["codes"][0]["refused"].clone())
    }

    async fn buy_under(&self, token: &str, key: &str, total: i64) -> (u16, Value) {
        let request = self.gateway.request(Method::POST, "/v1/cart/checkout").bearer_auth(token);
        told(request.header("idempotency-key", key).json(&checkout(total)).send().await.unwrap()).await
    }

    async fn used(&self) -> u64 {
        let rules = self.get("/v1/price-rules", &self.admin).await.1;
        rules["coupons"][0]["used"].as_u64().unwrap_or_else(|| panic!("{rules}"))
    }
}

#[tokio::test]
async fn a_coupon_is_used_once_an_order_and_free_again_when_it_is_cancelled() {
    let world = World::with_mugs().await;
    world.receive(&["MUG-RED"], "some").await;
    let ann = world.gateway.token(Role::Customer);
    assert_eq!(world.with_code(&ann).await, (900, Value::Null));
    assert_eq!(world.buy_under(&ann, "wrong", 1_000).await.0, 409, "it costs less");
    assert_eq!(world.used().await, 0, "what is not ordered uses nothing");
    let (status, placed) = world.buy_under(&ann, "right", 900).await;
    assert_eq!(status, 202, "{placed}");
    assert_eq!(world.buy_under(&ann, "right", 900).await.0, 202);
    assert_eq!(world.used().await, 1, "however often it is repeated");
    assert_eq!(world.with_code(&ann).await, (1_000, json!("used_up_by_customer")));
    let bob = world.gateway.token(Role::Customer);
    assert_eq!(world.with_code(&bob).await, (900, Value::Null));

    let path = format!("/v1/orders/{}", placed["order_id"].as_str().unwrap());
    assert_eq!(world.ask(Method::DELETE, &path, &ann, &json!({})).await.0, 202);
    eventually("it is free again", async || world.used().await == 0).await;
    assert_eq!(world.with_code(&ann).await, (900, Value::Null));
}

#[tokio::test]
async fn the_last_use_of_a_coupon_is_given_once_however_many_want_it() {
    let world = World::with_mugs().await;
    // Or the orders would be cancelled, and the coupon free again.
    world.receive(&["MUG-RED"], "some").await;
    let coupon = json!({ "promotion": "tenth", "limit": 3 });
    world.done(Method::PUT, "/v1/coupons/MUGS10", &coupon).await;
    let customers: Vec<String> = (0..8).map(|_| world.gateway.token(Role::Customer)).collect();
    for customer in &customers {
        assert_eq!(world.with_code(customer).await.0, 900);
    }
    let bought = customers.iter().map(|customer| world.buy_under(customer, "k", 900));
    let statuses: Vec<u16> =
        futures_util::future::join_all(bought).await.into_iter().map(|(status, _)| status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 202).count(), 3, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 5, "{statuses:?}");
    assert_eq!(world.used().await, 3);
}

#[tokio::test]
async fn rules_that_no_quote_could_follow_are_refused() {
    let world = World::open().await;
    let amount = json!({ "benefit": { "kind": "amount_per_order", "amount": 500 } });
    let (status, problem) = world.ask(Method::PUT, "/v1/promotions/five", &world.admin, &amount).await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("currency")), "{problem}");
    let nowhere = json!({ "promotion": "none" });
    let (status, problem) = world.ask(Method::PUT, "/v1/coupons/X", &world.admin, &nowhere).await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("promotion")), "{problem}");
    let (status, _) = world.ask(Method::DELETE, "/v1/coupons/X", &world.admin, &json!({})).await;
    assert_eq!(status, 404);
    let rate = json!({ "jurisdiction": "GB", "country": "GB", "category": "standard", "rate": 1_000_001 });
    let rates = json!({ "tax_rates": [rate] });
    let (status, problem) = world.ask(Method::PUT, "/v1/tax-rates", &world.admin, &rates).await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("tax_rates[0].rate")), "{problem}");
}
