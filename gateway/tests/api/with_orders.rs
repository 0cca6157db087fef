//! What needs an answer of `orders`: showing, following, cancelling, waiting.

use crate::{
    gateway::{Gateway, order, told},
    services,
};
use contracts::{OrderId, Role};
use futures_util::{Stream, StreamExt};
use gateway::Settings;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How often the gateway looks after an order of which it was told nothing.
const LOOK: Duration = Duration::from_secs(2);

/// A gateway with `orders` and `catalog` behind it, and a product that `orders` knows.
struct Shop {
    gateway: Gateway,
    customer: String,
    /// An admin of `orders`' database.
    db: String,
    _postgres: services::Postgres,
}

impl Shop {
    async fn open() -> Self {
        Self::open_with(Settings::default()).await
    }

    async fn open_with(settings: Settings) -> Self {
        let mut gateway = Gateway::start_with(settings).await;
        let postgres = services::postgres(&mut gateway).await;
        for service in
            [orders::service(orders::Rules::default()), catalog::service(&catalog::Settings::default())]
        {
            services::run(&gateway, service).await;
        }
        let db = format!("{}/orders", postgres.server.url().trim_end_matches("/postgres"));
        let customer = gateway.token(Role::Customer);
        let shop = Self { gateway, customer, db, _postgres: postgres };
        shop.stock_the_catalog().await;
        shop
    }

    /// Imports the product that `order()` is about, and waits until an order of it is placed.
    async fn stock_the_catalog(&self) {
        let product = json!({ "sku": "A@1.00", "name": "A", "price": 100, "currency": "GBP" });
        let body = json!({ "products": [product] });
        let began = Instant::now();
        loop {
            let import =
                self.gateway.admin(Method::POST, "/v1/products/import").json(&body).send().await.unwrap();
            let tried = self.gateway.admin(Method::POST, "/v1/orders").json(&order());
            let tried =
                tried.header("idempotency-key", Uuid::new_v4().to_string()).header("prefer", "wait=1");
            if import.status() == 200 && tried.send().await.unwrap().status() == 202 {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "the product is not known to orders");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn place(&self, key: &str, body: &Value) -> String {
        let (status, body) = told(self.gateway.order(&self.customer, key, body).send().await.unwrap()).await;
        assert_eq!(status, 202, "{body}");
        body["order_id"].as_str().unwrap().to_owned()
    }

    async fn ask(&self, method: Method, path: &str, token: &str) -> Response {
        self.gateway.request(method, path).bearer_auth(token).send().await.unwrap()
    }

    async fn show(&self, id: &str, token: &str) -> (u16, Value) {
        told(self.ask(Method::GET, &format!("/v1/orders/{id}"), token).await).await
    }

    async fn until(&self, id: &str, status: &str) -> Value {
        let began = Instant::now();
        loop {
            let (_, body) = self.show(id, &self.customer).await;
            if body["status"] == status {
                return body;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "{id} is not {status}: {body}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Places an order that will be cancelled, and waits for that.
    async fn wait_for(&self, key: &str) -> Response {
        let request = self.gateway.order(&self.customer, key, &invalid()).header("prefer", "wait=20");
        request.send().await.unwrap()
    }

    async fn follow(&self, id: &str, last: Option<&str>) -> Response {
        let request = self.gateway.request(Method::GET, &format!("/v1/orders/{id}/events"));
        let mut request = request.bearer_auth(&self.customer);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        request.send().await.unwrap()
    }
}

/// An order that `orders` cancels at once, since the catalog has no such SKU.
fn invalid() -> Value {
    let mut body = order();
    body["lines"][0]["sku"] = json!("unknown");
    body
}

/// The events of a stream as (id, event, data); comments are left out.
fn events(response: Response) -> impl Stream<Item = (String, String, Value)> + Unpin {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let parts = response.bytes_stream().scan(String::new(), |text, part| {
        text.push_str(&String::from_utf8_lossy(&part.unwrap()));
        let mut found = vec![];
        while let Some((event, rest)) = text.split_once("\n\n") {
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            if let (Some(id), Some(name), Some(data)) = (field("id:"), field("event:"), field("data:")) {
                found.push((id.to_owned(), name.to_owned(), serde_json::from_str(data).unwrap()));
            }
            *text = rest.to_owned();
        }
        std::future::ready(Some(futures_util::stream::iter(found)))
    });
    Box::pin(parts.flatten())
}

#[tokio::test]
async fn who_waits_gets_the_settled_order() {
    let shop = Shop::open().await;
    let response = shop.wait_for("key").await;
    assert_eq!(response.headers()["preference-applied"], "wait=20");
    let (status, body) = told(response).await;
    assert_eq!((status, &body["status"]), (200, &json!("cancelled")), "{body}");
    assert_eq!((&body["reason"]["code"], &body["reason"]["line"]), (&json!("invalid"), &json!(0)));
    // Told by a signal and not by a look: of several at least one, since a busy machine may be slow.
    let mut told_at_once = false;
    for n in 0..5 {
        let began = Instant::now();
        shop.wait_for(&format!("key {n}")).await;
        told_at_once |= began.elapsed() < LOOK;
    }
    assert!(told_at_once, "only ever told by a look");
    // The same request again: the same order, told at once, since no signal comes of what is settled.
    let again = shop.gateway.order(&shop.customer, "key", &invalid()).header("prefer", "wait=1");
    let again = again.send().await.unwrap();
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    let (status, again) = told(again).await;
    assert_eq!((status, &again["order_id"]), (200, &body["order_id"]), "{again}");
}

#[tokio::test]
async fn an_orders_events_are_followed_live_and_resumed() {
    let shop = Shop::open().await;
    let id = shop.place("key", &order()).await;
    let mut followed = events(shop.follow(&id, None).await);
    let (first, name, data) = followed.next().await.unwrap();
    assert_eq!((first.as_str(), name.as_str(), &data["status"]), ("1", "order.created", &json!("placed")));
    let cancelled = shop.ask(Method::DELETE, &format!("/v1/orders/{id}"), &shop.customer).await;
    assert_eq!(cancelled.status(), 202);
    let rest: Vec<_> = followed.collect().await;
    let (last, name, data) = rest.last().unwrap();
    assert_eq!((name.as_str(), &data["status"]), ("order.cancelled", &json!("cancelled")));
    // From the start once more; from the middle; and from the end, where there is no more.
    let all: Vec<_> = events(shop.follow(&id, None).await).collect().await;
    let ids: Vec<String> = all.iter().map(|(id, _, _)| id.clone()).collect();
    assert_eq!(ids, (1..=all.len()).map(|seq| seq.to_string()).collect::<Vec<_>>());
    let resumed: Vec<_> = events(shop.follow(&id, Some("1")).await).collect().await;
    assert_eq!(resumed, all[1..]);
    assert_eq!(shop.follow(&id, Some(last)).await.status(), 204);
}

#[tokio::test]
async fn anothers_order_does_not_exist() {
    let shop = Shop::open().await;
    let id = shop.place("key", &order()).await;
    shop.until(&id, "placed").await;
    let (other, support) = (shop.gateway.token(Role::Customer), shop.gateway.token(Role::Support));
    let missing = OrderId::from_v7(Uuid::now_v7()).to_string();
    for (method, path) in [(Method::GET, ""), (Method::DELETE, ""), (Method::GET, "/events")] {
        let mut answers = vec![];
        for id in [&id, &missing] {
            let response = shop.ask(method.clone(), &format!("/v1/orders/{id}{path}"), &other).await;
            answers.push(told(response).await);
        }
        assert_eq!(answers[0].0, 404, "{method} {path}");
        assert_eq!(answers[0], answers[1], "{method} {path}: not told apart from an order that is not there");
    }
    let pay = json!({ "order_id": id, "payment": { "method": "sandbox.succeeds" } });
    let pay = shop
        .gateway
        .request(Method::POST, "/v1/payments")
        .bearer_auth(&other)
        .json(&pay)
        .send()
        .await
        .unwrap();
    assert_eq!(pay.status(), 404);
    assert_eq!(shop.show(&id, &support).await.0, 200);
    let path = format!("/v1/orders/{id}");
    assert_eq!(shop.ask(Method::DELETE, &path, &support).await.status(), 403);
    assert_eq!(shop.until(&id, "placed").await["cancel_requested"], false);
    assert_eq!(shop.ask(Method::DELETE, &path, &shop.gateway.token(Role::Admin)).await.status(), 202);
    assert_eq!(shop.until(&id, "cancelled").await["reason"]["code"], "by_admin");
}

#[tokio::test]
async fn a_stream_without_news_is_not_taken_for_an_idle_connection() {
    let shop = Shop::open_with(Settings { gateway_idle_ms: 500, ..Settings::default() }).await;
    let id = shop.place("key", &order()).await;
    shop.until(&id, "placed").await;
    let mut followed = events(shop.follow(&id, None).await);
    assert_eq!(followed.next().await.unwrap().1, "order.created");
    // Longer than an idle connection gets, and the rest of an answer after that.
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(shop.ask(Method::DELETE, &format!("/v1/orders/{id}"), &shop.customer).await.status(), 202);
    assert_eq!(followed.collect::<Vec<_>>().await.last().unwrap().1, "order.cancelled");
}

#[tokio::test]
async fn an_order_that_orders_has_not_seen_is_shown_as_accepted_and_can_be_cancelled() {
    let shop = Shop::open().await;
    // `orders` can read, and cannot place.
    let mut db = PgConnection::connect(&shop.db).await.unwrap();
    let mut held = db.begin().await.unwrap();
    sqlx::query("lock table idempotency in exclusive mode").execute(&mut *held).await.unwrap();
    let id = shop.place("key", &order()).await;
    assert_eq!(shop.show(&id, &shop.customer).await, (200, json!({ "order_id": id, "status": "accepted" })));
    assert_eq!(shop.show(&id, &shop.gateway.token(Role::Customer)).await.0, 404);
    let pay = json!({ "order_id": id, "payment": { "method": "sandbox.succeeds" } });
    let pay = shop.gateway.request(Method::POST, "/v1/payments").bearer_auth(&shop.customer).json(&pay);
    let (status, problem) = told(pay.send().await.unwrap()).await;
    assert_eq!((status, &problem["type"]), (409, &json!("/problems/not-placed-yet")));
    let followed = shop.follow(&id, None).await;
    let path = format!("/v1/orders/{id}");
    assert_eq!(shop.ask(Method::DELETE, &path, &shop.customer).await.status(), 202);
    shop.gateway.redis.kill().unwrap();
    let unsure = shop.ask(Method::GET, &path, &shop.customer).await;
    assert_eq!((unsure.status().as_u16(), unsure.headers().contains_key("retry-after")), (404, true));
    held.rollback().await.unwrap();
    assert_eq!(shop.until(&id, "cancelled").await["reason"]["code"], "by_customer");
    let all: Vec<_> = events(followed).collect().await;
    assert_eq!(all.last().unwrap().1, "order.cancelled");
}

#[tokio::test]
async fn an_order_accepted_while_redis_was_away_is_not_denied_when_it_is_back() {
    let shop = Shop::open().await;
    let mut db = PgConnection::connect(&shop.db).await.unwrap();
    let mut held = db.begin().await.unwrap();
    sqlx::query("lock table idempotency in exclusive mode").execute(&mut *held).await.unwrap();
    shop.gateway.redis.kill().unwrap();
    // The first finds out, so that for the second Redis is not even asked.
    drop(shop.place("finds out", &order()).await);
    let id = shop.place("key", &order()).await;
    shop.gateway.redis.start_again().unwrap();
    // Redis is used again once an order is remembered, and this one never will be.
    let path = |id: &str| format!("/v1/orders/{id}");
    for number in 0.. {
        let later = shop.place(&format!("later {number}"), &order()).await;
        if shop.ask(Method::GET, &path(&later), &shop.customer).await.status() == 200 {
            break;
        }
        assert!(number < 50, "Redis is not used again");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let unsure = shop.ask(Method::GET, &path(&id), &shop.customer).await;
    assert_eq!((unsure.status().as_u16(), unsure.headers().contains_key("retry-after")), (404, true));
    held.rollback().await.unwrap();
    shop.until(&id, "placed").await;
}

#[tokio::test]
async fn without_redis_a_repeated_key_is_an_alias_of_the_first_order() {
    let shop = Shop::open().await;
    shop.gateway.redis.kill().unwrap();
    let first = shop.place("key", &order()).await;
    shop.until(&first, "placed").await;
    let second = shop.place("key", &order()).await;
    assert_ne!(first, second);
    assert_eq!(shop.until(&second, "placed").await["order_id"], first);
    let mut followed = events(shop.follow(&second, None).await);
    assert_eq!(followed.next().await.unwrap().1, "order.created");
    let waiting = shop.gateway.order(&shop.customer, "key", &order()).header("prefer", "wait=20").send();
    let cancelling = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        shop.ask(Method::DELETE, &format!("/v1/orders/{second}"), &shop.customer).await
    };
    let (waited, cancelled) = tokio::join!(waiting, cancelling);
    assert_eq!(cancelled.status(), 202);
    let (status, body) = told(waited.unwrap()).await;
    assert_eq!((status, &body["status"], &body["order_id"]), (200, &json!("cancelled"), &json!(first)));
    assert_eq!(followed.collect::<Vec<_>>().await.last().unwrap().1, "order.cancelled");
    let mut other = order();
    other["lines"][0]["quantity"] = json!(9);
    let third = shop.place("key", &other).await;
    assert_eq!(shop.until(&third, "cancelled").await["reason"]["code"], "idempotency_conflict");
}

#[tokio::test]
async fn orders_are_listed_page_by_page() {
    let shop = Shop::open().await;
    let mut placed = vec![];
    for key in 0..5 {
        let id = shop.place(&format!("key {key}"), &order()).await;
        shop.until(&id, "placed").await;
        placed.push(id);
    }
    placed.reverse();
    let (mut listed, mut next) = (vec![], String::new());
    loop {
        let path = format!("/v1/orders/me?limit=2{next}");
        let (status, page) = told(shop.ask(Method::GET, &path, &shop.customer).await).await;
        assert_eq!(status, 200, "{page}");
        listed.extend(
            page["orders"]
                .as_array()
                .unwrap()
                .iter()
                .map(|order| order["order_id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&before={cursor}");
    }
    assert_eq!(listed, placed);
    let other = shop.gateway.token(Role::Customer);
    let (_, page) = told(shop.ask(Method::GET, "/v1/orders/me", &other).await).await;
    assert_eq!(page["orders"], json!([]));
    let customer = shop.show(&placed[0], &shop.customer).await.1["customer_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/orders?customer={customer}&status=placed");
    let (_, page) = told(shop.ask(Method::GET, &path, &shop.gateway.token(Role::Support)).await).await;
    assert_eq!(page["orders"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn products_are_imported_listed_and_shown_to_everyone() {
    let shop = Shop::open().await;
    let product = |sku: &str| json!({ "sku": sku, "name": "A thing", "price": 250, "currency": "GBP" });
    let body = json!({ "products": [product("B/1"), product("C 2")] });
    let imported = shop.gateway.admin(Method::POST, "/v1/products/import").json(&body).send().await.unwrap();
    assert_eq!(told(imported).await.1["products"][0], json!({ "sku": "B/1", "version": 1 }));
    let (status, page) =
        told(shop.gateway.request(Method::GET, "/v1/products?limit=2").send().await.unwrap()).await;
    assert_eq!((status, &page["next"]), (200, &json!("B/1")), "{page}");
    let shown = shop.gateway.request(Method::GET, "/v1/products/B%2F1").send().await.unwrap();
    assert_eq!(told(shown).await.1["price"], 250);
    assert_eq!(shop.gateway.request(Method::GET, "/v1/products/none").send().await.unwrap().status(), 404);
    let twice = json!({ "products": [product("D"), product("D")] });
    let refused = shop.gateway.admin(Method::POST, "/v1/products/import").json(&twice).send().await.unwrap();
    let (status, problem) = told(refused).await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("products[1].sku")), "{problem}");
}

#[tokio::test]
async fn who_has_the_newest_version_of_a_product_is_not_sent_it_again() {
    let shop = Shop::open().await;
    let show = async |known: &str| {
        let request = shop.gateway.request(Method::GET, "/v1/products/A@1.00");
        let shown = request.header("if-none-match", known).send().await.unwrap();
        let tag = shown.headers()["etag"].to_str().unwrap().to_owned();
        (shown.status().as_u16(), tag, shown.text().await.unwrap().is_empty())
    };
    let (new, known) = ((200, "\"1\"".to_owned(), false), (304, "\"1\"".to_owned(), true));
    for named in ["\"1\"", "W/\"1\"", "\"7\", \"1\"", "*"] {
        assert_eq!(show(named).await, known, "{named}");
    }
    for named in ["\"2\"", "1", "", "\"11\""] {
        assert_eq!(show(named).await, new, "{named}");
    }
    let dearer = json!({ "products": [{ "sku": "A@1.00", "name": "A", "price": 101, "currency": "GBP" }] });
    let import = shop.gateway.admin(Method::POST, "/v1/products/import").json(&dearer);
    assert_eq!(import.send().await.unwrap().status(), 200);
    assert_eq!(show("\"1\"").await, (200, "\"2\"".to_owned(), false));
}

#[tokio::test]
async fn all_products_are_exported_over_the_end_of_a_page() {
    let shop = Shop::open().await;
    let product = |n: u32| json!({ "sku": format!("E{n:03}"), "name": "Red, \"large\"", "price": n, "currency": "GBP" });
    let body = json!({ "products": (0..500).map(product).collect::<Vec<_>>() });
    let import = shop.gateway.admin(Method::POST, "/v1/products/import").json(&body);
    assert_eq!(import.send().await.unwrap().status(), 200);
    let export = async |query: &str| {
        let path = format!("/v1/catalog/export{query}");
        let answer = shop.gateway.admin(Method::GET, &path).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        (answer.headers()["content-type"].to_str().unwrap().to_owned(), answer.text().await.unwrap())
    };
    // The shop has one product of its own: 501 are one more than a page.
    let (media, text) = export("").await;
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((media.as_str(), lines.len()), ("application/x-ndjson", 501));
    assert_eq!((&lines[0]["sku"], &lines[500]["sku"]), (&json!("A@1.00"), &json!("E499")));
    let (media, text) = export("?format=csv").await;
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!((media.as_str(), lines.len()), ("text/csv; charset=utf-8; header=present", 502));
    assert_eq!(lines[0], "sku,name,price,currency,active,version");
    assert_eq!(lines[501], "E499,\"Red, \"\"large\"\"\",499,GBP,true,1");
    let refused = shop.gateway.admin(Method::GET, "/v1/catalog/export?format=xml").send().await.unwrap();
    let (status, problem) = told(refused).await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("format")), "{problem}");
}
