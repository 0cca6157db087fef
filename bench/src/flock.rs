//! The flock under measurement: real servers, the release binary, a catalog with plenty in stock.

use crate::{http::Connection, usage::Usage};
use anyhow::ensure;
use serde_json::json;
use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};
use tools::{Process, Servers};
use uuid::Uuid;

/// SKUs in the catalog.
pub const SKUS: usize = 1_000;
/// Customers who order; each has a token.
const CUSTOMERS: usize = 64;

/// Running.
pub struct Flock {
    servers: Servers,
    starling: Process,
    /// The gateway's address.
    pub gateway: String,
    /// Tokens of the customers.
    pub tokens: Vec<String>,
    /// Listens to what becomes of orders.
    pub nats: async_nats::Client,
}

impl Flock {
    /// Starts servers and flock, makes the catalog.
    pub async fn start(binary: &Path, dir: &Path) -> anyhow::Result<Self> {
        let secret = Uuid::new_v4().to_string();
        let ask = |servers: Option<&Servers>, args: &[&str]| -> anyhow::Result<String> {
            let mut command = Command::new(binary);
            command.args(args).env("STARLING_SECRET", &secret);
            if let Some(servers) = servers {
                command.envs(variables(servers));
            }
            let output = command.output()?;
            ensure!(
                output.status.success(),
                "starling {args:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            Ok(String::from_utf8(output.stdout)?.trim().to_owned())
        };
        let listener = "users = [\n    { user: \"bench\", password: \"bench\", permissions: { publish: [], subscribe: [\"order.>\", \"_INBOX.>\"] } }\n";
        let auth = ask(None, &["nats-auth"])?.replacen("users = [\n", listener, 1);
        let place = tools::Place { dir: dir.join("servers"), ports: tools::Ports::Free };
        let servers = Servers::start_for(tools::postgres::Purpose::Work, &place, &auth)?;
        ask(Some(&servers), &["provision"])?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let gateway = format!("127.0.0.1:{port}");
        let mut run = Command::new(binary);
        run.args(["run", "all"]).env("STARLING_SECRET", &secret).env("GATEWAY_LISTEN", &gateway);
        run.env("LOG", "warn").envs(variables(&servers));
        let starling = tools::program(&run, "starling", dir)?;
        wait_until_ready(&gateway, &starling).await?;
        let tokens = (0..CUSTOMERS)
            .map(|_| ask(None, &["token", "--role", "service", "--subject", &Uuid::new_v4().to_string()]))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let nats = async_nats::ConnectOptions::with_user_and_password("bench".into(), "bench".into())
            .subscription_capacity(1 << 20)
            .connect(servers.nats.url())
            .await?;
        let flock = Self { servers, starling, gateway, tokens, nats };
        flock.fill_shelves().await?;
        Ok(flock)
    }

    /// The processes and what they have used so far.
    pub fn usage(&self) -> Vec<(&'static str, Usage)> {
        vec![
            ("starling", Usage::of(self.starling.pid())),
            ("nats-server", Usage::of(self.servers.nats.pid())),
            ("postgres", Usage::of_family(self.servers.postgres.pid())),
            ("redis", Usage::of(self.servers.redis.pid())),
            ("mongodb", Usage::of(self.servers.mongo.pid())),
        ]
    }

    /// The name of a SKU.
    pub fn sku(number: usize) -> String {
        format!("SKU-{number:04}")
    }

    async fn fill_shelves(&self) -> anyhow::Result<()> {
        let mut connection = Connection::open(&self.gateway).await?;
        let numbers: Vec<usize> = (0..SKUS).collect();
        for chunk in numbers.chunks(200) {
            let products: Vec<_> = chunk
                .iter()
                .map(|n| json!({"sku": Self::sku(*n), "name": format!("Product {n}"), "price": 1_200, "currency": "GBP"}))
                .collect();
            let body = json!({ "products": products }).to_string();
            let (status, answer) = connection.post("/v1/products/import", &self.tokens[0], "", body).await?;
            ensure!((200..300).contains(&status), "import: {status} {answer}");
            for round in 0..10 {
                let lines: Vec<_> =
                    chunk.iter().map(|n| json!({"sku": Self::sku(*n), "quantity": 1_000_000})).collect();
                let reference = format!("bench-{}-{round}", chunk[0]);
                let body = json!({"reference": reference, "lines": lines}).to_string();
                let (status, answer) =
                    connection.post("/v1/stock/receipts", &self.tokens[0], "", body).await?;
                ensure!(status == 202, "receipt: {status} {answer}");
            }
        }
        // Copies of the catalog and shelves fill within moments.
        tokio::time::sleep(Duration::from_secs(3)).await;
        Ok(())
    }
}

fn variables(servers: &Servers) -> [(&'static str, String); 4] {
    [
        ("NATS_URL", servers.nats.url().to_owned()),
        ("POSTGRES_URL", servers.postgres.url().to_owned()),
        ("REDIS_URL", servers.redis.url().to_owned()),
        ("MONGODB_URL", servers.mongo.url().to_owned()),
    ]
}

async fn wait_until_ready(gateway: &str, starling: &Process) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        ensure!(starling.is_running(), "starling ended:\n{}", starling.log_tail());
        if let Ok(mut connection) = Connection::open(gateway).await
            && connection.get("/health/ready", "").await.is_ok_and(|(status, _)| status == 200)
        {
            return Ok(());
        }
        ensure!(
            began.elapsed() < Duration::from_secs(60),
            "starling does not get ready:\n{}",
            starling.log_tail()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
