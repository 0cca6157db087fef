//! People with accounts: they join by mail, and may leave.

use crate::{Client, Flock, eventually};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Everybody's here.
const PASSWORD: &str = "correct horse battery";

impl Flock {
    /// Registers, verifies and signs in: the account's client.
    pub async fn join(&self, email: &str) -> Client {
        let anyone = self.customer();
        let post = async |path: &str, body: Value| {
            anyone.send(anyone.anonymous(Method::POST, path).json(&body)).await
        };
        let ask = json!({ "email": email, "password": PASSWORD });
        let mut asked = post("/v1/auth/register", ask.clone()).await;
        // An identity in a process of its own may be later than the gateway.
        eventually("identity answers", async || {
            if asked.status == 503 {
                asked = post("/v1/auth/register", ask.clone()).await;
            }
            asked.status != 503
        })
        .await;
        assert_eq!(asked.status, 202, "{asked:?}");
        let mut token = String::new();
        eventually("a mail came", async || {
            let mails = self.starling(&["mails", "--to", email]);
            let found =
                mails.split_once("/verify-email#").and_then(|(_, rest)| rest.split_whitespace().next());
            token = found.unwrap_or_default().to_owned();
            !token.is_empty()
        })
        .await;
        assert_eq!(post("/v1/auth/verify-email", json!({ "token": token })).await.status, 204);
        let signed_in = post("/v1/auth/login", ask).await;
        assert_eq!(signed_in.status, 200, "{signed_in:?}");
        let text = |name: &str| signed_in.body[name].as_str().expect("a text");
        let id: Uuid = text("user_id").parse().expect("an id");
        self.customer_of(id).with_token(text("access_token"))
    }
}

impl Client {
    /// Deletes the account.
    pub async fn leave(&self) {
        let leave = self.request(Method::DELETE, "/v1/users/me").json(&json!({ "password": PASSWORD }));
        let left = self.send(leave).await;
        assert_eq!(left.status, 204, "{left:?}");
    }
}
