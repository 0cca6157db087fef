//! The flock under measurement: real servers, the release binary, a catalog with plenty in stock.

use crate::{
    disk,
    http::Connection,
    shelves,
    usage::{Usage, Used},
};
use anyhow::{Context, ensure};
use std::{
    collections::BTreeMap,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};
use tools::{Process, Servers};
use uuid::Uuid;

/// Customers who order; each has a token.
const CUSTOMERS: usize = 64;
/// How long tokens are good, longer than the longest soak.
const TOKEN_TTL: &str = "2d";
/// How long the processes may take to get ready.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// All services but the gateway, which can each be a process of its own.
const SERVICES: [&str; 6] = ["orders", "inventory", "payments", "payments-log", "shipping", "catalog"];
/// The generator's own user, which may listen to what becomes of orders, and do nothing else.
const LISTENER: &str = "users = [\n    { user: \"bench\", password: \"bench\", permissions: { publish: [], \
    subscribe: [\"cmd.order.place\", \"order.>\", \"stock.>\", \"payment.>\", \"shipment.>\", \"_INBOX.>\"] } }\n";

/// Which processes the flock consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// All in one, as a small shop runs it.
    Together,
    /// Each service, and the gateway, in its own.
    Apart,
    /// The gateway, and one with all other services.
    Split,
    /// Only the gateway.
    GatewayAlone,
}

impl Shape {
    /// The processes: what each is called, and what it runs.
    fn processes(self) -> Vec<(&'static str, Vec<&'static str>)> {
        let gateway = ("gateway", vec!["gateway"]);
        match self {
            Self::Together => vec![("starling", vec!["all"])],
            Self::Apart => SERVICES.iter().map(|name| (*name, vec![*name])).chain([gateway]).collect(),
            Self::Split => vec![gateway, ("services", SERVICES.to_vec())],
            Self::GatewayAlone => vec![gateway],
        }
    }
}

/// Servers with the flock's data, and the processes that run now. Dropping it stops all and removes the data.
pub struct Flock {
    processes: BTreeMap<&'static str, Process>,
    /// The servers.
    pub servers: Servers,
    binary: PathBuf,
    secret: String,
    more: Vec<(&'static str, String)>,
    /// The gateway's address.
    pub gateway: String,
    /// Tokens of the customers.
    pub tokens: Vec<String>,
    /// Listens to what becomes of orders.
    pub nats: async_nats::Client,
    /// Dropped last.
    pub data: disk::Data,
}

impl Flock {
    /// Starts servers and flock in a folder that does not exist yet, and makes the catalog.
    pub async fn start(binary: &Path, dir: &Path) -> anyhow::Result<Self> {
        let secret = Uuid::new_v4().to_string();
        let starling = |args: &[&str]| ask(Command::new(binary).args(args).env("STARLING_SECRET", &secret));
        let auth = starling(&["nats-auth"])?.replacen("users = [\n", LISTENER, 1);
        let place = tools::Place { dir: dir.join("servers"), ports: tools::Ports::Free };
        let servers = Servers::start_for(tools::postgres::Purpose::Work, &place, &auth)?;
        let data = disk::Data::new(dir, &tools::postgres::folder(&place.dir.join("postgres"))?);
        let tokens = (0..CUSTOMERS).map(|_| {
            let customer = Uuid::new_v4().to_string();
            starling(&["token", "--role", "service", "--ttl", TOKEN_TTL, "--subject", &customer])
        });
        let tokens = tokens.collect::<anyhow::Result<_>>()?;
        let nats = async_nats::ConnectOptions::with_user_and_password("bench".into(), "bench".into())
            .subscription_capacity(1 << 20)
            .connect(servers.nats.url())
            .await?;
        let (processes, gateway) = (BTreeMap::new(), free_address()?);
        let binary = binary.to_owned();
        let mut flock =
            Self { processes, servers, binary, secret, more: vec![], gateway, tokens, nats, data };
        ask(&mut flock.command(&["provision"]))?;
        flock.run(Shape::Together).await?;
        shelves::fill(&flock.gateway, &flock.tokens[0]).await?;
        Ok(flock)
    }

    /// Runs the flock in this shape, and waits until all of it is ready. A process that the shape has and that runs
    /// already goes on; others are stopped.
    pub async fn run(&mut self, shape: Shape) -> anyhow::Result<()> {
        let wanted = shape.processes();
        // Stopping waits for the batches at hand.
        tokio::task::block_in_place(|| {
            self.processes.retain(|name, _| wanted.iter().any(|(wanted, _)| wanted == name));
        });
        let mut begun = vec![];
        for (name, services) in wanted {
            if self.processes.contains_key(name) {
                continue;
            }
            let health = free_address()?;
            let mut command = self.command(&["run"]);
            command
                .args(services)
                .env("LOG", "warn")
                .envs(self.more.iter().map(|(name, value)| (name, value)));
            command.env("GATEWAY_LISTEN", &self.gateway).env("HEALTH_LISTEN", &health);
            // The generator's one address stands for many.
            command.env("RATE_ADDRESS_PER_S", "1000000");
            self.processes.insert(name, tools::program(&command, name, self.data.dir())?);
            begun.push((name, health));
        }
        for (name, health) in begun {
            wait_until_ready(&health, &self.processes[name]).await?;
            if ["gateway", "starling"].contains(&name) {
                // It listens a little later.
                wait_until_ready(&self.gateway, &self.processes[name]).await?;
            }
        }
        Ok(())
    }

    /// Stops all processes, and tells them these variables when they run again.
    pub fn tell(&mut self, more: Vec<(&'static str, String)>) {
        self.stop();
        self.more = more;
    }

    /// Stops all processes of the flock; the servers go on.
    pub fn stop(&mut self) {
        // All at once, since each takes up to a second.
        self.processes.values().for_each(|process| drop(process.tell_to_stop()));
        tokio::task::block_in_place(|| self.processes.clear());
    }

    /// What all of it has used so far.
    #[must_use]
    pub fn used(&self) -> Used {
        let flock = self.processes.iter().map(|(name, process)| (*name, process.pid()));
        let servers = [
            ("nats-server", self.servers.nats.pid()),
            ("postgres", self.servers.postgres.pid()),
            ("redis", self.servers.redis.pid()),
            ("mongodb", self.servers.mongo.pid()),
        ];
        let processes = flock.chain(servers).map(|(name, pid)| (name, Usage::of(pid))).collect();
        Used { processes, written: self.data.written() }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(args)
            .env("STARLING_SECRET", &self.secret)
            .env("NATS_URL", self.servers.nats.url())
            .env("POSTGRES_URL", self.servers.postgres.url())
            .env("REDIS_URL", self.servers.redis.url())
            .env("MONGODB_URL", self.servers.mongo.url());
        command
    }
}

/// Runs a command of `starling` to its end; what it printed.
fn ask(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().context("starling can't be started")?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

async fn wait_until_ready(health: &str, process: &Process) -> anyhow::Result<()> {
    let (began, name) = (Instant::now(), process.name());
    loop {
        ensure!(process.is_running(), "{name} ended:\n{}", process.log_tail());
        if let Ok(mut connection) = Connection::open(health).await
            && connection.get("/health/ready", "").await.is_ok_and(|(status, _)| status == 200)
        {
            return Ok(());
        }
        ensure!(began.elapsed() < READY_LIMIT, "{name} does not get ready:\n{}", process.log_tail());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
