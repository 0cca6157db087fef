//! Carts: a visitor's and a customer's, merged, priced, bought once.

use super::world::{World, cart, checkout, eventually};
use crate::gateway::told;
use contracts::Role;
use reqwest::{Method, Response};
use serde_json::{Value, json};

impl World {
    async fn buy(&self, token: &str, key: &str, body: &Value) -> Response {
        let request = self.gateway.request(Method::POST, "/v1/cart/checkout").bearer_auth(token);
        request.header("idempotency-key", key).json(body).send().await.unwrap()
    }

    /// Puts it into the cart until `orders` knows all of it; the quote's total.
    async fn fill(&self, token: &str, body: &Value) -> i64 {
        let (status, view) = self.ask(Method::PUT, "/v1/cart", token, body).await;
        assert_eq!(status, 200, "{view}");
        view["quote"]["breakdown"]["totals"]["total"].as_i64().unwrap_or_else(|| panic!("{view}"))
    }
}

#[tokio::test]
async fn a_visitors_cart_is_priced_changed_under_its_tag_and_merged_at_sign_in() {
    let world = World::with_mugs().await;
    let wanted = cart(&[("MUG-RED", 2), ("GONE", 1)], &["mugs10", "nonsense"]);
    let (status, view) = world.ask(Method::POST, "/v1/carts", "", &wanted).await;
    assert_eq!(status, 201, "{view}");
    let quote = &view["quote"];
    assert_eq!(quote["missing"], json!([{ "sku": "GONE", "why": "unknown" }]));
    assert_eq!(quote["codes"], json!([{ "code": "mugs10" }, { "code": "nonsense", "refused": "unknown" }]));
    // 20.00 less a tenth, of which a sixth is tax.
    let totals =
        json!({ "gross": 2_000, "discount": 200, "net": 1_500, "tax": 300, "shipping": 0, "total": 1_800 });
    assert_eq!(quote["breakdown"]["totals"], totals);

    let path = format!("/v1/carts/{}", view["cart_id"].as_str().unwrap());
    let put = async |tag: &str, body: &Value| {
        let request = world.gateway.request(Method::PUT, &path).header("if-match", tag).json(body);
        told(request.send().await.unwrap()).await
    };
    assert_eq!(put("\"1\"", &cart(&[("MUG-RED", 3)], &["MUGS10"])).await.1["version"], 2);
    let (status, problem) = put("\"1\"", &wanted).await;
    assert_eq!(status, 412, "{problem}");

    let ann = world.gateway.token(Role::Customer);
    world.fill(&ann, &cart(&[("MUG-RED", 1), ("POT", 1)], &[])).await;
    let merge = json!({ "cart_id": view["cart_id"] });
    let (status, own) = world.ask(Method::POST, "/v1/cart/merge", &ann, &merge).await;
    assert_eq!((status, &own["cart"]), (200, &cart(&[("MUG-RED", 3), ("POT", 1)], &["MUGS10"])), "{own}");
    assert_eq!(world.get(&path, "").await.0, 404, "the visitor's cart is gone");
    assert_eq!(world.ask(Method::POST, "/v1/cart/merge", &ann, &merge).await.0, 404);
}

#[tokio::test]
async fn a_cart_becomes_one_order_with_how_its_total_came_about() {
    let world = World::with_mugs().await;
    world.receive(&["MUG-RED", "POT"], "first").await;
    let ann = world.gateway.token(Role::Customer);
    let total = world.fill(&ann, &cart(&[("MUG-RED", 2), ("POT", 1)], &["MUGS10"])).await;
    assert_eq!(total, 1_800 + 2_500);
    let (status, problem) = told(world.buy(&ann, "k", &checkout(total - 1)).await).await;
    assert_eq!((status, problem["field"].as_str()), (409, Some("total")), "{problem}");
    let (status, placed) = told(world.buy(&ann, "buy", &checkout(total)).await).await;
    assert_eq!(status, 202, "{placed}");
    let order = placed["order_id"].as_str().unwrap();
    let path = format!("/v1/orders/{order}");
    eventually("it has its stock", async || world.get(&path, &ann).await.1["status"] == "stock_reserved")
        .await;
    let (_, shown) = world.get(&path, &ann).await;
    assert_eq!(shown["total"], total);
    assert_eq!(shown["breakdown"]["lines"][0]["discounts"][0]["code"], "MUGS10", "{shown}");

    let own = world.get("/v1/cart", &ann).await.1;
    assert_eq!(
        (&own["cart"]["lines"], &own["cart"]["codes"]),
        (&json!([]), &json!([])),
        "what was bought is out"
    );
    let again = world.buy(&ann, "buy", &checkout(total)).await;
    assert_eq!(told(again).await.1["order_id"], order, "the same key, the same order");
    assert_eq!(told(world.buy(&ann, "another", &checkout(total)).await).await.0, 409, "nothing is in it");
}

#[tokio::test]
async fn what_runs_out_with_an_order_can_be_had_again_when_it_is_cancelled() {
    let world = World::with_mugs().await;
    world.receive(&["MUG-RED"], "five").await;
    let ann = world.gateway.token(Role::Customer);
    let available = async || {
        world.get("/v1/search?q=mug&available=true", "").await.1["listings"].as_array().map_or(0, Vec::len)
    };
    eventually("the mug can be had", async || available().await == 1).await;
    let total = world.fill(&ann, &cart(&[("MUG-RED", 5)], &[])).await;
    let (_, placed) = told(world.buy(&ann, "all", &checkout(total)).await).await;
    eventually("it ran out", async || available().await == 0).await;
    let path = format!("/v1/orders/{}", placed["order_id"].as_str().unwrap());
    assert_eq!(world.ask(Method::DELETE, &path, &ann, &json!({})).await.0, 202);
    eventually("it can be had again", async || available().await == 1).await;
}

#[tokio::test]
async fn bad_carts_are_refused_by_their_field() {
    let world = World::with_mugs().await;
    let ann = world.gateway.token(Role::Customer);
    let many: Vec<String> = (0..101).map(|n| format!("S{n}")).collect();
    let many: Vec<(&str, u32)> = many.iter().map(|sku| (sku.as_str(), 1)).collect();
    for (body, field) in [
        (cart(&many, &[]), "lines"),
        (cart(&[("A", 1), ("A", 2)], &[]), "lines[1].sku"),
        (cart(&[("A", 0)], &[]), "lines[0].quantity"),
        (cart(&[], &["c"; 11]), "codes"),
        (json!({ "currency": "GBP", "lines": [] }), "destination"),
        (json!({ "currency": "GBP", "destination": { "country": "GB" }, "prices": 1 }), "prices"),
    ] {
        for (method, path, token) in
            [(Method::PUT, "/v1/cart", ann.as_str()), (Method::POST, "/v1/carts", "")]
        {
            let (status, problem) = world.ask(method, path, token, &body).await;
            assert_eq!((status, problem["field"].as_str()), (400, Some(field)), "{problem}");
        }
    }
    // No tax is known for France: zero would have to be said.
    let mut abroad = cart(&[("MUG-RED", 1)], &[]);
    abroad["destination"]["country"] = json!("FR");
    let (status, problem) = world.ask(Method::PUT, "/v1/cart", &ann, &abroad).await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("destination")), "{problem}");
    // Nobody makes a cart under an id of their own choice.
    let path = format!("/v1/carts/{}", uuid::Uuid::nil());
    assert_eq!(world.ask(Method::PUT, &path, "", &cart(&[], &[])).await.0, 404);
    let total = world.fill(&ann, &cart(&[("MUG-RED", 1)], &[])).await;
    let mut elsewhere = checkout(total);
    elsewhere["address"]["country"] = json!("IE");
    let (status, problem) = told(world.buy(&ann, "k", &elsewhere).await).await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("address.country")), "{problem}");
}
