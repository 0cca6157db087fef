//! An order's story: `orders` itself, and what the others would have told about it.

use crate::{
    gateway::{Gateway, order},
    services,
};
use async_nats::{HeaderMap, jetstream};
use contracts::{
    Message, MessageId, OrderCancelRequested, OrderCancelled, OrderCreated, OrderId, PaymentAnswered,
    PaymentCaptured, PaymentDeclined, PaymentRefunded, Role, ShipmentAnswered, ShipmentCancelled,
    ShipmentHeld, ShipmentScheduled, StockReleased, StockReserved,
};
use gateway::Settings;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What anybody may call a product.
pub const HOSTILE: &str = "<img src=x onerror=document.title='gone'>";
/// The trace of all that is told here.
pub const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

pub struct Shop {
    pub gateway: Gateway,
    pub customer: String,
    jetstream: jetstream::Context,
    _postgres: services::Postgres,
}

impl Shop {
    /// A gateway with `orders` and `catalog` behind it, and a product of that name.
    pub async fn open(settings: Settings) -> Self {
        let mut gateway = Gateway::start_with(settings).await;
        let postgres = services::postgres(&mut gateway).await;
        services::run(&gateway, orders::service(orders::Rules::default())).await;
        services::run(&gateway, catalog::service(&catalog::Settings::default())).await;
        let options = async_nats::ConnectOptions::with_user_and_password("test".into(), "test".into());
        let jetstream = jetstream::new(options.connect(gateway.nats.url()).await.unwrap());
        let customer = gateway.token(Role::Customer);
        Self { gateway, customer, jetstream, _postgres: postgres }
    }

    /// An order of the hostile product; it is placed once `orders` knows that.
    pub async fn place(&self) -> OrderId {
        let product = json!({ "sku": HOSTILE, "name": HOSTILE, "price": 100, "currency": "GBP" });
        let import = json!({ "products": [product] });
        let mut body = order();
        body["lines"][0]["sku"] = json!(HOSTILE);
        let began = Instant::now();
        loop {
            let imported =
                self.gateway.admin(Method::POST, "/v1/products/import").json(&import).send().await.unwrap();
            let id = self.accepted(&body).await;
            let wait = self.show(id, "status", &["placed", "cancelled"]).await;
            if imported.status() == 200 && wait == "placed" {
                return id;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "the product is not known to orders");
        }
    }

    /// An order that is taken in, whatever becomes of it.
    pub async fn accepted(&self, body: &Value) -> OrderId {
        let key = uuid::Uuid::new_v4().to_string();
        let placed = self.gateway.order(&self.customer, &key, body).send().await.unwrap();
        placed.json::<Value>().await.unwrap()["order_id"].as_str().unwrap().parse().unwrap()
    }

    /// Waits until a field of an order is one of these; which.
    pub async fn show(&self, id: OrderId, field: &str, wanted: &[&str]) -> String {
        let began = Instant::now();
        loop {
            let asked = self.gateway.admin(Method::GET, &format!("/v1/orders/{id}")).send().await.unwrap();
            let shown: Value = asked.json().await.unwrap();
            let value = shown[field].to_string().trim_matches('"').to_owned();
            if wanted.contains(&value.as_str()) {
                return value;
            }
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "{id}: {field} is none of {wanted:?}: {shown}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Tells an event about an order, in the place of its service.
    pub async fn tell<M: Message, C: Message>(&self, id: OrderId, count: u8, body: &Value, cause_count: u8) {
        let mut headers = HeaderMap::new();
        let own = MessageId::about(id.0, M::INFO.code, count).to_string();
        let cause = MessageId::about(id.0, C::INFO.code, cause_count).to_string();
        let trace = format!("00-{TRACE}-b7ad6b7169203331-01");
        let all = [
            (contracts::HEADER_ID, own.as_str()),
            (contracts::HEADER_TYPE, M::INFO.ce_type),
            (contracts::HEADER_SUBJECT, &id.to_string()),
            (contracts::HEADER_TIME, &chassis::clock::now().to_string()),
            (contracts::HEADER_CAUSATION, cause.as_str()),
            (contracts::HEADER_TRACE, &trace),
        ];
        all.iter().for_each(|(name, value)| headers.insert(*name, *value));
        let mut whole = body.clone();
        whole["order_id"] = json!(id);
        let body = serde_json::to_vec(&whole).unwrap().into();
        self.jetstream.publish_with_headers(M::INFO.subject, headers, body).await.unwrap().await.unwrap();
    }

    /// The whole of it: declined, paid at the second attempt, confirmed, called off, and all of it taken back.
    pub async fn whole_story(&self) -> OrderId {
        let id = self.place().await;
        let paid = json!({ "attempt": 2, "amount": 200, "currency": "GBP", "surplus": false,
            "parts": [{ "method": "sandbox.succeeds", "amount": 200 }] });
        let refunded = json!({ "reference": "cancelled", "amount": 200, "currency": "GBP" });
        let booked = json!({ "carrier": "sandbox", "tracking": HOSTILE });
        self.tell::<ShipmentHeld, OrderCreated>(id, 0, &json!({ "zone": "GB", "slot": null }), 0).await;
        self.tell::<StockReserved, OrderCreated>(id, 0, &json!({}), 0).await;
        self.tell::<PaymentCaptured, PaymentAnswered>(id, 2, &paid, 2).await;
        self.tell::<ShipmentScheduled, ShipmentAnswered>(id, 0, &booked, 0).await;
        self.show(id, "status", &["confirmed"]).await;
        let cancelled = self.gateway.admin(Method::DELETE, &format!("/v1/orders/{id}")).send().await.unwrap();
        assert_eq!(cancelled.status(), 202);
        self.show(id, "cancel_requested", &["true"]).await;
        self.tell::<ShipmentCancelled, OrderCancelRequested>(id, 0, &json!({}), 0).await;
        self.show(id, "status", &["cancelled"]).await;
        self.tell::<StockReleased, OrderCancelled>(id, 0, &json!({}), 0).await;
        self.tell::<PaymentRefunded, PaymentAnswered>(id, 0, &refunded, 3).await;
        self.show(id, "seq", &["11"]).await;
        id
    }

    /// Something that no rule allows, which `orders` gives up on.
    pub async fn nonsense(&self, id: OrderId) {
        // Its id is another order's.
        let other = OrderId::from_v7(uuid::Uuid::now_v7());
        let mut headers = HeaderMap::new();
        headers.insert(
            contracts::HEADER_ID,
            MessageId::about(other.0, PaymentDeclined::INFO.code, 0).to_string(),
        );
        let body = json!({ "order_id": id, "attempt": 1, "why": "declined" }).to_string();
        let told = self.jetstream.publish_with_headers(PaymentDeclined::INFO.subject, headers, body.into());
        told.await.unwrap().await.unwrap();
    }
}
