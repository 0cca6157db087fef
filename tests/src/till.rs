//! Paying another way, giving money back, and what the bank says.

use crate::{Answer, Client, Flock};
use chassis::signature;
use payments::sandbox::{NAME, Settlement, SignedWebhook, settle};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

impl Client {
    /// An order's payment.
    pub async fn payment(&self, order: &str) -> Value {
        self.get(&format!("/v1/payments/{order}")).await.body
    }

    /// Pays an order another way.
    pub async fn pay(&self, order: &str, method: &str) -> Answer {
        self.post("/v1/payments", &json!({"order_id": order, "payment": {"method": method}})).await
    }

    /// Has the provider asked how the payment stands.
    pub async fn verify(&self, order: &str) -> Answer {
        self.post(&format!("/v1/payments/{order}/verify"), &json!({})).await
    }

    /// Gives back so much, or all that is left, under a fresh reference.
    pub async fn refund(&self, order: &str, amount: Option<i64>) -> Answer {
        self.refund_as(&Uuid::new_v4().to_string(), order, amount).await
    }

    /// Gives back so much, or all that is left, under this reference.
    pub async fn refund_as(&self, reference: &str, order: &str, amount: Option<i64>) -> Answer {
        let refund = json!({"reference": reference, "amount": amount});
        self.post(&format!("/v1/payments/{order}/refund"), &refund).await
    }

    /// Posts a provider's webhook, without a token as a provider does.
    pub async fn webhook(&self, webhook: &SignedWebhook) -> Answer {
        let request = self.anonymous(Method::POST, "/v1/payments/webhook/sandbox");
        let request = request.header("starling-signature", &webhook.signature).body(webhook.body.clone());
        self.send(request.header("content-type", "application/json")).await
    }
}

impl Flock {
    /// What the bank does with an order's pending charge: it is in its books, and its webhook has yet to be posted.
    pub async fn settle(&self, order: &str, outcome: Settlement) -> SignedWebhook {
        let books = self.database("sandbox_provider").await;
        let secret = signature::webhook_secret(&self.secret(), NAME);
        settle(&books, &secret, order, outcome).await.expect("the charge was pending")
    }

    /// The same, and the bank tells.
    pub async fn bank_says(&self, order: &str, outcome: Settlement) {
        let webhook = self.settle(order, outcome).await;
        let told = self.customer().webhook(&webhook).await;
        assert_eq!(told.status, 202, "{told:?}");
    }
}
