//! `cargo xtask up`: from a fresh checkout to a settled order.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tools::{Part, Parts, Process, Source};

use crate::flock::Flock;
use crate::state::{State, compose_file};
use crate::stop::Stop;
use crate::{cargo, first_order};

/// How often a running flock is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Start everything, place an order, print its life, and wait for Ctrl-C.
///
/// NATS, Postgres, Redis and MongoDB each come from the variable that names them (NATS_URL,
/// POSTGRES_URL for a superuser, REDIS_URL, MONGODB_URL), from a program on PATH, from Docker
/// Compose where a daemon answers, or are installed or built. Data, logs and the secret are
/// kept in .starling of the checkout.
#[derive(clap::Args)]
pub struct Up {
    /// Wipe the data of earlier starts first
    #[arg(long)]
    fresh: bool,
    /// Place no order
    #[arg(long)]
    no_order: bool,
    /// Build with the release profile: three times as long to build, and what a shop would run
    #[arg(long)]
    release: bool,
    /// Run this starling binary instead of building one
    #[arg(long, value_name = "PATH", conflicts_with = "release")]
    binary: Option<PathBuf>,
    /// Where the gateway listens
    #[arg(long, env = "GATEWAY_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where pictures are kept; a folder in .starling unless said otherwise
    #[arg(long, env = "IMAGES_URL", value_name = "URL")]
    images: Option<String>,
}

impl Up {
    /// As without any argument, but listening there.
    pub const fn watched(listen: SocketAddr) -> Self {
        Self { fresh: false, no_order: false, release: false, binary: None, listen, images: None }
    }

    /// Runs until it is asked to stop.
    pub fn run(self) -> anyhow::Result<()> {
        self.run_with(&Stop::listen()?, &[])
    }

    /// The same, with more variables for the flock.
    pub fn run_with(self, stop: &Stop, more: &[(&'static str, String)]) -> anyhow::Result<()> {
        let begun = Instant::now();
        let state = State::open(self.fresh)?;
        let is_free = std::net::TcpListener::bind(self.listen);
        drop(is_free.with_context(|| format!("the gateway can't listen on {} (see --listen)", self.listen))?);

        let binary = match &self.binary {
            Some(binary) => binary.clone(),
            None => tools::step("building starling", || cargo::build_starling(self.release))?,
        };
        let flock = Flock::new(binary, &state.secret()?, self.listen);
        let authorization = flock.ask(&["nats-auth"])?;
        stop.check()?;
        let parts = tools::step("starting NATS, Postgres, Redis and MongoDB", || {
            tools::parts(&state.place()?, &authorization, &compose_file()?)
        })?;
        report(&parts);
        stop.check()?;

        let own = || format!("file:{}", state.folder().join("images").display());
        let images = self.images.clone().unwrap_or_else(own);
        let flock = flock.with_parts(&parts).with(&[("IMAGES_URL", images)]).with(more);
        tools::step("making streams, consumers, users and tables", || flock.ask(&["provision"]))?;
        let process = tools::step("starting the flock", || flock.run(state.folder(), stop))?;
        eprintln!("  ✓ ready {:.1} s after the start", begun.elapsed().as_secs_f32());
        let body = first_order::seed(&flock, state.folder())?;
        if !self.no_order {
            order(&flock, &body)?;
        }
        invite(&flock, &process, &parts, &body)?;
        wait(&process, stop)?;

        // In reverse order; whatever fails on the way here is stopped in this order, too.
        tools::step("stopping the flock", || process.terminate().map(drop))?;
        tools::step("stopping the servers", || {
            drop(parts);
            Ok(())
        })
    }
}

/// Places the order and prints its life.
fn order(flock: &Flock, body: &Path) -> anyhow::Result<()> {
    let token = first_order::token(flock)?;
    let body = fs::read_to_string(body)?;
    let id = tools::step("placing an order over HTTP", || first_order::place(flock, &token, &body))?;
    println!("\n{}\n", flock.ask(&["timeline", &id])?.trim_end());
    Ok(())
}

/// Says where each part comes from.
fn report(parts: &Parts) {
    for Part { name, url, source } in [&parts.nats, &parts.postgres, &parts.redis, &parts.mongo] {
        let address = url.rsplit_once('@').map_or(url.as_str(), |(_, address)| address);
        match source {
            Source::Child(server) => {
                eprintln!("    {name}: {address} (log: {})", server.log_path().display())
            }
            Source::Compose => eprintln!("    {name}: {address} (Docker Compose)"),
            Source::Environment(variable) => eprintln!("    {name}: {address} ({variable})"),
        }
    }
    if matches!(parts.nats.source, Source::Environment(_)) {
        eprintln!(
            "    your NATS server must have the users that `starling nats-auth` prints, and sync_interval: always"
        );
    }
}

/// Says what can be done now.
fn invite(flock: &Flock, process: &Process, parts: &Parts, body: &Path) -> anyhow::Result<()> {
    let root = cargo::root()?;
    let body = body.strip_prefix(&root).unwrap_or(body);
    println!("Starling is up.");
    println!("  gateway   {}", flock.url("/v1"));
    println!("  docs      {}", flock.url("/docs"));
    println!("  log       {}", process.log_path().display());
    println!("  Postgres  {}", parts.postgres.url);
    println!("An order (its body is in {}):", body.display());
    println!("  curl -i {} -H 'Content-Type: application/json' \\", flock.url("/v1/orders"));
    println!("    -H 'Prefer: wait=10' -H \"Idempotency-Key: $(date +%s%N)\" \\");
    println!("    -H 'Authorization: Bearer {}' -d @{}", first_order::token(flock)?, body.display());
    println!("Ctrl-C stops everything.");
    Ok(())
}

/// Waits until we are asked to stop.
fn wait(process: &Process, stop: &Stop) -> anyhow::Result<()> {
    while !stop.within(LOOK) {
        if !process.is_running() {
            bail!(
                "the flock ended by itself (all of it: {}):\n{}",
                process.log_path().display(),
                process.log_tail()
            );
        }
    }
    Ok(())
}
