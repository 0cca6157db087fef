//! What the shop sells and has, as its admin says it through the gateway.

use crate::{Flock, Order, eventually};
use contracts::Role;
use serde_json::{Value, json};
use uuid::Uuid;

impl Flock {
    /// A product of the test's own, with so many in stock; its SKU.
    pub async fn product(&self, stock: i64) -> String {
        self.product_for(Order::PRICE, "GBP", stock).await
    }

    /// The same at a price of its own.
    pub async fn product_for(&self, price: i64, currency: &str, stock: i64) -> String {
        let sku = format!("T-{}", Uuid::new_v4().simple());
        let product = json!({"sku": sku, "name": "A thing", "price": price, "currency": currency});
        self.import(&[product]).await;
        if stock > 0 {
            self.receive(&sku, stock).await;
        }
        sku
    }

    /// Creates or changes products, and waits until orders' own copy of the catalog has them.
    pub async fn import(&self, products: &[Value]) {
        let (admin, import) = (self.client(Role::Admin), json!({"products": products}));
        let mut made = admin.post("/v1/products/import", &import).await;
        // A catalog in a process of its own may be later than the gateway.
        eventually("the catalog answers", async || {
            if made.status == 503 {
                made = admin.post("/v1/products/import", &import).await;
            }
            made.status != 503
        })
        .await;
        assert_eq!(made.status, 200, "{made:?}");
        let copy = self.database("orders").await;
        for product in made.body["products"].as_array().expect("each product's version") {
            let (sku, version) = (product["sku"].as_str(), product["version"].as_i64());
            eventually("in orders' copy of the catalog", async || {
                let there = sqlx::query("select 1 from product where sku = $1 and version >= $2");
                there.bind(sku).bind(version).fetch_optional(&copy).await.is_ok_and(|row| row.is_some())
            })
            .await;
        }
    }

    /// Receives so many of a SKU, and waits until they are on the shelf.
    pub async fn receive(&self, sku: &str, quantity: i64) {
        let before = self.stock(sku).await["on_hand"].as_i64().unwrap_or(0);
        let lines = json!([{"sku": sku, "quantity": quantity}]);
        let receipt = json!({"reference": Uuid::new_v4().to_string(), "lines": lines});
        let received = self.client(Role::Admin).post("/v1/stock/receipts", &receipt).await;
        assert_eq!(received.status, 202, "{received:?}");
        eventually("received", async || self.stock(sku).await["on_hand"] == before + quantity).await;
    }

    /// What there is of a SKU; without `on_hand` where inventory knows nothing of it.
    pub async fn stock(&self, sku: &str) -> Value {
        self.client(Role::Admin).get(&format!("/v1/stock/{sku}")).await.body
    }

    /// Says that an order's parcel is `dispatched` or `delivered`.
    pub async fn say(&self, order: &str, status: &str) {
        let said = self.client(Role::Admin).put_status(order, status).await;
        assert_eq!(said.status, 202, "{said:?}");
    }
}
