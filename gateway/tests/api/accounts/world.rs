//! A gateway with identity behind it, and what its users do.

use crate::{
    gateway::{Gateway, told},
    services::{self, Postgres},
};
use contracts::{Answer, Email, Hidden, ListMails, MakeAdmin, Request};
use gateway::Settings;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A password that nothing is wrong with.
pub const PASSWORD: &str = "correct horse battery";
/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct World {
    pub gateway: Gateway,
    /// Stops identity.
    pub identity: CancellationToken,
    nats: async_nats::Client,
    pub postgres: Postgres,
}

impl World {
    pub async fn open() -> Self {
        Self::open_with(identity::Settings::default()).await
    }

    pub async fn open_with(settings: identity::Settings) -> Self {
        // All come from one address here, and identity's own guards are what these tests are about.
        let loose =
            Settings { rate_address_per_s: 10_000, rate_auth_per_min: 100_000, ..Settings::default() };
        let gateway = Gateway::start_with(loose);
        let mut gateway = gateway.await;
        let postgres = services::postgres(&mut gateway).await;
        let identity = services::run(&gateway, identity::service(&gateway.places, &settings)).await;
        let options = async_nats::ConnectOptions::with_user_and_password("test".into(), "test".into());
        let nats = options.connect(gateway.nats.url()).await.unwrap();
        let world = Self { gateway, identity, nats, postgres };
        eventually("identity answers", async || {
            let keys = world.gateway.request(Method::GET, "/.well-known/jwks.json").send().await.unwrap();
            told(keys).await.1["keys"].as_array().is_some_and(|keys| keys.len() == 2)
        })
        .await;
        world
    }

    pub async fn ask(&self, method: Method, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let request = self.gateway.request(method, path).json(body);
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        told(request.send().await.unwrap()).await
    }

    pub async fn post(&self, path: &str, token: &str, body: &Value) -> (u16, Value) {
        self.ask(Method::POST, path, token, body).await
    }

    pub async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        told(self.gateway.request(Method::GET, path).bearer_auth(token).send().await.unwrap()).await
    }

    /// A question that only the operator may ask.
    pub async fn operator<Q: Request>(&self, question: &Q) -> Q::Reply {
        let body = serde_json::to_vec(question).unwrap().into();
        let reply = self.nats.request(Q::SUBJECT, body).await.unwrap();
        serde_json::from_slice::<Answer<Q>>(&reply.payload).unwrap().unwrap()
    }

    /// Identity's database, as its admin.
    pub async fn database(&self) -> sqlx::PgConnection {
        let url = self.postgres.server.url();
        let url = format!("{}/identity", url.trim_end_matches("/postgres"));
        <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap()
    }

    /// The mails to an address, the newest first: subject and body.
    pub async fn mails(&self, to: &str) -> Vec<(String, String)> {
        let to = Some(Email::new(to).unwrap());
        let mails = self.operator(&ListMails { to, limit: 50 }).await;
        mails.into_iter().map(|mail| (mail.subject, Hidden::expose(&mail.body).to_owned())).collect()
    }

    /// The token in the newest mail with this subject, once there is one.
    pub async fn mailed_token(&self, to: &str, subject: &str) -> String {
        let mut token = None;
        eventually(subject, async || {
            let mails = self.mails(to).await;
            let body = mails.into_iter().find(|(found, _)| found == subject).map(|(_, body)| body);
            token = body.and_then(|body| {
                let (_, after) = body.split_once('#')?;
                after.split_whitespace().next().map(str::to_owned)
            });
            token.is_some()
        })
        .await;
        token.unwrap()
    }

    /// Registers and verifies.
    pub async fn register(&self, email: &str) {
        let body = json!({ "email": email, "password": PASSWORD, "name": "Ann Other" });
        assert_eq!(self.post("/v1/auth/register", "", &body).await.0, 202);
        let token = self.mailed_token(email, "Confirm your e-mail address").await;
        let (status, answer) = self.post("/v1/auth/verify-email", "", &json!({ "token": token })).await;
        assert_eq!(status, 204, "{answer}");
    }

    pub async fn try_login(&self, email: &str, password: &str) -> (u16, Value) {
        let body = json!({ "email": email, "password": password, "device": "a test" });
        self.post("/v1/auth/login", "", &body).await
    }

    /// Signs in: the access token, and the refresh token.
    pub async fn login(&self, email: &str) -> (String, String) {
        let (status, answer) = self.try_login(email, PASSWORD).await;
        assert_eq!(status, 200, "{answer}");
        tokens(&answer)
    }

    /// Registers and signs in: the access token, and the account's id.
    pub async fn customer(&self, email: &str) -> (String, String) {
        self.register(email).await;
        let access = self.login(email).await.0;
        let me = self.get("/v1/users/me", &access).await.1;
        (access, me["user_id"].as_str().unwrap().to_owned())
    }

    /// An admin's access token and id.
    pub async fn admin(&self, email: &str) -> (String, String) {
        self.register(email).await;
        let admin = self.operator(&MakeAdmin { email: Email::new(email).unwrap() }).await;
        (self.login(email).await.0, admin.user_id.to_string())
    }
}

pub fn tokens(answer: &Value) -> (String, String) {
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "not so in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
