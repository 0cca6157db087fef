//! A gateway with servers of its own.

use async_nats::jetstream::{self, stream};
use chassis::{
    Health, Secret, Service, Tasks, Wiring,
    permissions::{Permissions, auth_block},
    provision,
    settings::Parts,
};
use contracts::{
    Message, OrderCancelled, PaymentAnswered, PaymentCaptured, PaymentRefunded, Role, ShipmentHeld,
    StockReserved, stream_of,
};
use gateway::{Settings, token};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::{
    net::{SocketAddr, TcpListener},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use tools::{Server, scratch::Scratch};
use uuid::Uuid;

/// Longer than any test.
const TTL: Duration = Duration::from_secs(600);

pub struct Gateway {
    pub http: Client,
    pub base: String,
    pub places: Parts,
    pub secret: Secret,
    pub commands: stream::Stream,
    pub stop: CancellationToken,
    pub ended: Tasks,
    pub redis: Server,
    pub nats: Server,
    pub scratch: Scratch,
}

impl Gateway {
    pub async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    /// Longer than a busy machine makes Redis wait, so that only a Redis that is away is away.
    pub const REDIS_PATIENCE: Duration = Duration::from_secs(1);

    pub async fn start_with(settings: Settings) -> Self {
        let secret = Secret::from(Uuid::new_v4().to_string());
        let auth = authorize(&secret);
        let servers = move || {
            let scratch = Scratch::new("gateway").unwrap();
            let nats = tools::nats::start(&scratch.path().join("nats"), None, &auth).unwrap();
            let redis = tools::redis::start(&scratch.path().join("redis"), None).unwrap();
            (scratch, nats, redis)
        };
        let (scratch, nats, redis) = tokio::task::spawn_blocking(servers).await.unwrap();
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let places = Parts {
            nats_url: nats.url().into(),
            redis_url: Secret::from(redis.url().to_owned()),
            postgres_url: Secret::from(String::new()),
            mongodb_url: Secret::from(String::new()),
            secret: secret.clone(),
            password: None,
        };
        let flock = flock();
        provision::streams(&places, &flock.iter().collect::<Vec<_>>(), 1).await.unwrap();
        let commands = stream_of_commands(nats.url()).await;
        let (stop, ended) = (CancellationToken::new(), Tasks::default());
        let redis_patience_ms = u64::try_from(Self::REDIS_PATIENCE.as_millis()).unwrap();
        let images_url = place_of_images(&scratch, settings.images_url);
        let settings = Settings { listen, redis_patience_ms, images_url, ..settings };
        let tasks = Tasks::child_of(&stop);
        let all = places.clone();
        ended.spawn(
            async move { gateway::run(&all, settings, flock, Health::default(), tasks).await.unwrap() },
        );
        let http = Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        let base = format!("http://{listen}");
        let started = Self { http, base, places, secret, commands, stop, ended, redis, nats, scratch };
        started.until_ready().await;
        started
    }

    /// Starts another gateway on the same servers, and waits until it listens.
    pub async fn another(&self, settings: Settings) -> SocketAddr {
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let redis_patience_ms = u64::try_from(Self::REDIS_PATIENCE.as_millis()).unwrap();
        let images_url = place_of_images(&self.scratch, settings.images_url);
        let settings = Settings { listen, redis_patience_ms, images_url, ..settings };
        let (places, health, tasks) =
            (self.places.clone(), Health::default(), Tasks::child_of(&self.stop.child_token()));
        self.ended
            .spawn(async move { gateway::run(&places, settings, flock(), health, tasks).await.unwrap() });
        let began = Instant::now();
        while tokio::net::TcpStream::connect(listen).await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "the other gateway does not listen");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        listen
    }

    pub async fn until_ready(&self) {
        self.until_ready_at(&self.base).await;
    }

    pub async fn until_ready_at(&self, base: &str) {
        let began = Instant::now();
        loop {
            let ready = self.http.get(format!("{base}/health/ready")).send().await;
            if ready.is_ok_and(|ready| ready.status() == 200) {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "the gateway is not ready");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub fn token(&self, role: Role) -> String {
        token::mint(&self.secret, Uuid::now_v7(), role, TTL)
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// A request of an admin.
    pub fn admin(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(self.token(Role::Admin))
    }

    /// An order of this token's customer, ready to be sent.
    pub fn order(&self, token: &str, key: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, "/v1/orders").bearer_auth(token).header("idempotency-key", key).json(body)
    }

    /// How many commands are stored.
    pub async fn stored(&self) -> u64 {
        self.commands.get_info().await.unwrap().state.messages
    }

    /// The newest command: its subject, headers and body.
    pub async fn newest(&self) -> (String, async_nats::HeaderMap, Value) {
        let last = self.commands.get_info().await.unwrap().state.last_sequence;
        let message = self.commands.get_raw_message(last).await.unwrap();
        (message.subject.to_string(), message.headers, serde_json::from_slice(&message.payload).unwrap())
    }
}

/// The test's own folder, unless it names a place.
fn place_of_images(scratch: &Scratch, named: String) -> String {
    if named == Settings::default().images_url {
        format!("file:{}", scratch.path().join("images").display())
    } else {
        named
    }
}

/// A body that nothing is wrong with.
pub fn order() -> Value {
    json!({
        "currency": "GBP",
        "lines": [{ "sku": "A@1.00", "quantity": 2, "unit_price": 100 }],
        "address": { "name": "Ann Other", "line1": "1 High St", "city": "Leeds", "country": "GB" },
        "payment": { "method": "sandbox.succeeds" },
    })
}

/// Status and body.
pub async fn told(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or_default())
}

/// What a client sees of a problem.
#[track_caller]
pub fn check_problem(response: &Response, body: &Value, status: u16, kind: &str) {
    assert_eq!(
        (response.status().as_u16(), body["status"].as_u64()),
        (status, Some(u64::from(status))),
        "{body}"
    );
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(body["type"], format!("/problems/{kind}"), "{body}");
}

/// The services that tests put behind a gateway.
fn behind() -> [Service; 4] {
    let nowhere = Parts {
        nats_url: String::new(),
        redis_url: Secret::from(String::new()),
        postgres_url: Secret::from(String::new()),
        mongodb_url: Secret::from(String::new()),
        secret: Secret::from(String::new()),
        password: None,
    };
    let identity = identity::service(&nowhere, &identity::Settings::default());
    let catalog = catalog::service(&catalog::Settings::default());
    [orders::service(orders::Rules::default()), catalog, inventory::service(), identity]
}

/// Their wiring; and of payments, which no test here runs, what it hears of an order that is to be paid.
pub fn flock() -> Vec<Wiring> {
    let payments = Wiring {
        name: "payments",
        hears: &[StockReserved::INFO, ShipmentHeld::INFO, OrderCancelled::INFO, PaymentAnswered::INFO],
        tells: &[PaymentAnswered::INFO, PaymentCaptured::INFO, PaymentRefunded::INFO],
        sends: &[],
        live: &[],
        answers: vec![],
        keeps: true,
    };
    behind().iter().map(|service| service.wiring().clone()).chain([payments]).collect()
}

/// Everyone with no more rights than in production, and the test's own hand with all.
fn authorize(secret: &Secret) -> String {
    let mut publish: Vec<String> = gateway::SENDS.iter().map(|info| info.subject.to_owned()).collect();
    publish.extend(gateway::ASKS.iter().map(ToString::to_string));
    let mut own = Permissions::of(gateway::NAME, publish);
    own.subscribe.extend(gateway::LISTENS.iter().map(ToString::to_string));
    let own = own.looking_at(&flock());
    let mut users = vec![Permissions::of_provisioner(), own];
    users.extend(behind().iter().map(|service| Permissions::of_service(service.wiring())));
    auth_block(&users, secret).replacen("users = [", "users = [\n    { user: test, password: test }", 1)
}

async fn stream_of_commands(url: &str) -> stream::Stream {
    let options = async_nats::ConnectOptions::with_user_and_password("test".into(), "test".into());
    let name = stream_of("cmd.order.place").unwrap().name;
    jetstream::new(options.connect(url).await.unwrap()).get_stream(name).await.unwrap()
}
