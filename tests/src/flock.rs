//! The flock: servers, provisioning, processes.

use crate::{Client, Detours, binary, client};
use anyhow::ensure;
use chassis::Secret;
use contracts::Role;
use std::{
    collections::BTreeMap,
    net::TcpListener,
    path::Path,
    process::{Command, Output},
    sync::OnceLock,
    time::{Duration, Instant},
};
use tools::{Process, Server, Servers, scratch::Scratch};
use uuid::Uuid;

/// The services, each of which can be a process of its own.
pub const SERVICES: [&str; 8] =
    ["orders", "inventory", "payments", "payments-log", "shipping", "catalog", "identity", "gateway"];

/// How the flock is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// All services in one process.
    Together,
    /// Each service in a process of its own, so that one can be killed.
    Apart,
}

/// A running flock with its own servers. Dropping it stops all processes, and then the servers.
pub struct Flock {
    /// By name; `all` when together.
    pub processes: BTreeMap<&'static str, Process>,
    /// The servers.
    pub servers: Servers,
    secret: String,
    gateway: String,
    extra: Vec<(&'static str, String)>,
    scratch: Scratch,
}

impl Drop for Flock {
    fn drop(&mut self) {
        // All at once, since each takes up to a second.
        self.processes.values().for_each(|process| drop(process.tell_to_stop()));
    }
}

impl Flock {
    /// The flock that all tests of this process share; started by the first.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Flock> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Shape::Together, &[]))
    }

    /// The same for code that must not block.
    pub async fn shared_by_all() -> &'static Self {
        tokio::task::spawn_blocking(Self::shared).await.expect("the flock starts")
    }

    /// Starts a flock of the caller's own, from code that must not block.
    pub async fn start_own(shape: Shape, extra: &'static [(&'static str, &'static str)]) -> Self {
        tokio::task::spawn_blocking(move || Self::start(shape, extra)).await.expect("the flock starts")
    }

    /// The same on three NATS nodes, each of which has a copy of every stream.
    pub async fn start_own_clustered(shape: Shape, extra: &'static [(&'static str, &'static str)]) -> Self {
        let start = move || {
            Self::try_start::<()>(shape, extra, Servers::start_clustered).expect("the flock starts").0
        };
        tokio::task::spawn_blocking(start).await.expect("the flock starts")
    }

    /// Starts a flock of the caller's own that takes detours to its servers.
    pub async fn start_own_with_detours<D: Detours>(
        shape: Shape,
        extra: &'static [(&'static str, &'static str)],
    ) -> (Self, D) {
        let start = move || Self::try_start::<D>(shape, extra, Servers::start).expect("the flock starts");
        tokio::task::spawn_blocking(start).await.expect("the flock starts")
    }

    /// Starts a flock; `extra` are more environment variables for it. Blocks: call it before the runtime is
    /// needed, or from `spawn_blocking`.
    pub fn start(shape: Shape, extra: &[(&'static str, &str)]) -> Self {
        Self::try_start::<()>(shape, extra, Servers::start).expect("the flock starts").0
    }

    fn try_start<D: Detours>(
        shape: Shape,
        extra: &[(&'static str, &str)],
        servers: fn(&Path, &str) -> anyhow::Result<Servers>,
    ) -> anyhow::Result<(Self, D)> {
        let scratch = Scratch::new("flock")?;
        let secret = Uuid::new_v4().to_string();
        let auth = text(
            &Command::new(binary::starling()).arg("nats-auth").env("STARLING_SECRET", &secret).output()?,
        )?;
        let servers = servers(scratch.path(), &with_tester(&auth))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut extra: Vec<_> = extra.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let detours = D::to(&servers);
        extra.extend(detours.variables());
        let gateway = format!("127.0.0.1:{port}");
        let mut flock = Self { processes: BTreeMap::new(), servers, secret, gateway, extra, scratch };
        flock.starling(&["provision"]);
        let names: &[&'static str] = if shape == Shape::Together { &["all"] } else { &SERVICES };
        for name in names {
            let process = tools::program(&flock.command(&["run", name]), name, flock.scratch.path())?;
            flock.processes.insert(name, process);
        }
        flock.wait_until_ready()?;
        Ok((flock, detours))
    }

    /// Waits until the gateway says that it is ready (of other processes it knows nothing: their work is waited
    /// for by what the test looks at).
    pub fn wait_until_ready(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        while !client_is_ready(&self.gateway) {
            ensure!(began.elapsed() < Duration::from_secs(60), "the flock is not ready after a minute");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// The gateway's base URL.
    pub fn gateway(&self) -> String {
        format!("http://{}", self.gateway)
    }

    /// The secret that all its passwords and keys are derived from.
    pub fn secret(&self) -> Secret {
        Secret::from(self.secret.clone())
    }

    /// A process by its name.
    pub fn process(&self, name: &str) -> &Process {
        &self.processes[name]
    }

    /// A folder for what the test needs.
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// A new customer.
    pub fn customer(&self) -> Client {
        self.client(Role::Customer)
    }

    /// A client with this role.
    pub fn client(&self, role: Role) -> Client {
        client::Client::new(self, role, Uuid::new_v4())
    }

    /// A customer of this id, such as one of a load's.
    pub fn customer_of(&self, id: Uuid) -> Client {
        client::Client::new(self, Role::Customer, id)
    }

    /// Runs a command of `starling` that must succeed; what it printed.
    #[track_caller]
    pub fn starling(&self, arguments: &[&str]) -> String {
        let output = self.try_starling(arguments);
        text(&output).unwrap_or_else(|error| panic!("starling {arguments:?}: {error}"))
    }

    /// Runs a command of `starling`.
    pub fn try_starling(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("starling can be started")
    }

    /// A command of `starling` with this flock's environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary::starling());
        command
            .args(arguments)
            .env("STARLING_SECRET", &self.secret)
            .env("NATS_URL", self.servers.nats_url())
            .env("NATS_REPLICAS", self.servers.nats_nodes().count().to_string())
            .env("POSTGRES_URL", self.servers.postgres.url())
            .env("REDIS_URL", self.servers.redis.url())
            .env("MONGODB_URL", self.servers.mongo.url())
            .env("GATEWAY_LISTEN", &self.gateway)
            .env("GATEWAY_URL", self.gateway())
            .env("IMAGES_URL", format!("file:{}", self.folder().join("images").display()))
            // On a machine that runs all tests at once Redis is not away only because it is slow.
            .env("REDIS_PATIENCE_MS", "2000");
        for (name, value) in &self.extra {
            command.env(name, value);
        }
        command
    }

    /// A service's database, opened by the superuser.
    pub async fn database(&self, name: &str) -> sqlx::PgPool {
        let url = self.servers.postgres.url();
        let options: sqlx::postgres::PgConnectOptions = url.parse().expect("a URL");
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(2);
        pool.connect_with(options.database(name)).await.expect("the database answers")
    }

    /// NATS with all rights.
    pub async fn nats(&self) -> async_nats::Client {
        let options = async_nats::ConnectOptions::with_user_and_password("tester".into(), "tester".into());
        let nodes: Vec<&str> = self.servers.nats_nodes().map(Server::url).collect();
        options.connect(nodes).await.expect("NATS answers")
    }

    /// Waits for quiet, then checks every invariant over all services.
    #[track_caller]
    pub fn audit(&self) {
        let output = self.try_starling(&["audit", "--quiet-for", "60"]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "audit failed:\n{said}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// One more user, who may do everything: the hand of the test.
fn with_tester(auth: &str) -> String {
    auth.replacen("users = [", "users = [\n    { user: \"tester\", password: \"tester\" }", 1)
}

fn text(output: &Output) -> anyhow::Result<String> {
    ensure!(output.status.success(), "{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout.clone())?)
}

/// Asks `/health/ready` in the plainest way, since it is called from blocking code.
fn client_is_ready(gateway: &str) -> bool {
    use std::io::{Read, Write};
    let ask = || -> std::io::Result<String> {
        let mut stream = std::net::TcpStream::connect(gateway)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET /health/ready HTTP/1.1\r\nhost: {gateway}\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
