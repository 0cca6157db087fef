//! Loki, Tempo, Mimir and a collector before them, built from `tools/lgtm`, each one process on loopback.
//!
//! Grafana is missing: it cannot be built from Go modules alone.

use std::fs;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::deadline::connect;
use crate::go;
use crate::launch::Launch;
use crate::port::Port;
use crate::server::Server;
use crate::servers::joined;

/// What the servers are to do.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The folder with `collector.yaml`, `loki.yaml`, `tempo.yaml`, `mimir.yaml` and `alertmanager.yaml`. Addresses and
    /// folders in them are variables.
    pub folder: PathBuf,
    /// The folder with the alert rules.
    pub rules: PathBuf,
    /// More variables for these files.
    pub variables: Vec<(&'static str, String)>,
}

/// The running stack. Dropping it stops the collector first, then the stores.
#[derive(Debug)]
pub struct Lgtm {
    /// Its URL takes OTLP over HTTP.
    pub collector: Server,
    /// Logs.
    pub loki: Server,
    /// Traces.
    pub tempo: Server,
    /// Metrics and alerts.
    pub mimir: Server,
    on_tempo: Port,
    _ports: Vec<Port>,
}

impl Lgtm {
    /// Starts all four on free ports, with their data and logs in `place`, and waits until they are ready.
    ///
    /// # Errors
    /// When one can't be had (there is no way to the module proxy, say), or does not start.
    pub fn start(place: &Path, configuration: &Configuration) -> anyhow::Result<Self> {
        prepare()?;
        let tenant = place.join("rules/anonymous");
        fs::create_dir_all(&tenant)?;
        for rules in fs::read_dir(&configuration.rules).context("the alert rules")? {
            let rules = rules?;
            fs::copy(rules.path(), tenant.join(rules.file_name()))?;
        }
        let ports: Vec<Port> = (0..6).map(|_| Port::claim(None)).collect::<anyhow::Result<_>>()?;
        let number = |index: usize| ports[index].number().to_string();
        let (on_mimir, on_tempo) = (Port::claim(None)?, Port::claim(None)?);
        let mimir_address = on_mimir.address().to_string();
        let alertmanager = configuration.folder.join("alertmanager.yaml");
        let store = |name: &'static str, gossip: usize, more: &[(&'static str, String)]| {
            let mut command = Command::new(provide(name)?);
            command.arg(format!(
                "-config.file={}",
                configuration.folder.join(name).with_extension("yaml").display()
            ));
            command.arg("-config.expand-env=true").env("LISTEN", "127.0.0.1").env("GOMEMLIMIT", memory(name));
            command
                .env("DATA", place.join(name))
                .env("GOSSIP_PORT", number(gossip))
                .env("GRPC_PORT", number(gossip + 1));
            let variables = configuration.variables.iter().chain(more);
            command.envs(variables.map(|(name, value)| (*name, value)));
            anyhow::Ok(command)
        };
        let mimir = store(
            "mimir",
            0,
            &[("RULES", show(&place.join("rules"))), ("ALERTMANAGER", show(&alertmanager))],
        )?;
        let loki = store("loki", 2, &[])?;
        let tempo = store(
            "tempo",
            4,
            &[("MIMIR", mimir_address.clone()), ("OTLP_HTTP_PORT", on_tempo.number().to_string())],
        )?;
        let (mimir, loki, tempo) = std::thread::scope(|scope| {
            let mimir = scope.spawn(|| serve("mimir", mimir, on_mimir, place));
            let loki = scope.spawn(|| serve("loki", loki, Port::claim(None)?, place));
            let tempo = scope.spawn(|| serve("tempo", tempo, Port::claim(None)?, place));
            (joined(mimir), joined(loki), joined(tempo))
        });
        let (mimir, loki, tempo) = (mimir?, loki?, tempo?);
        let collector = collect(
            place,
            configuration,
            &Stores { loki: &loki, tempo: &tempo, mimir: &mimir, takes_traces: on_tempo.address() },
        )?;
        Ok(Self { collector, loki, tempo, mimir, on_tempo, _ports: ports })
    }

    /// Starts one more collector before the same stores, with these variables instead, and its log in `place`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn another_collector(&self, place: &Path, configuration: &Configuration) -> anyhow::Result<Server> {
        let Self { loki, tempo, mimir, on_tempo, .. } = self;
        collect(place, configuration, &Stores { loki, tempo, mimir, takes_traces: on_tempo.address() })
    }
}

/// Where a collector sends what it gets.
struct Stores<'a> {
    loki: &'a Server,
    tempo: &'a Server,
    mimir: &'a Server,
    takes_traces: SocketAddr,
}

fn collect(place: &Path, configuration: &Configuration, stores: &Stores<'_>) -> anyhow::Result<Server> {
    let [health, otlp, grpc, own] =
        [Port::claim(None)?, Port::claim(None)?, Port::claim(None)?, Port::claim(None)?];
    let mut command = Command::new(provide("collector")?);
    command.arg("--config").arg(configuration.folder.join("collector.yaml")).env("LISTEN", "127.0.0.1");
    command
        .env("GOMEMLIMIT", memory("collector"))
        .env("MIMIR", address(stores.mimir))
        .env("LOKI", address(stores.loki))
        .env("TEMPO", address(stores.tempo));
    command.env("TEMPO_OTLP", stores.takes_traces.to_string());
    for (name, port) in [
        ("HEALTH_PORT", &health),
        ("OTLP_HTTP_PORT", &otlp),
        ("OTLP_GRPC_PORT", &grpc),
        ("OWN_METRICS_PORT", &own),
    ] {
        command.env(name, port.number().to_string());
    }
    command.envs(configuration.variables.iter().map(|(name, value)| (*name, value)));
    let url = format!("http://{}", otlp.address());
    let launch = Launch::new(&command, "collector", place);
    let collector = Server::start(launch, health, url, healthy)?;
    Ok([otlp, grpc, own].into_iter().fold(collector, Server::with_peers))
}

/// What each may use before it collects its garbage more eagerly: as on a machine with containers.
fn memory(name: &str) -> &'static str {
    match name {
        "collector" => "410MiB",
        "mimir" => "1230MiB",
        _ => "820MiB",
    }
}

/// Builds all four, if they are not built yet: afterwards [`Lgtm::start`] takes seconds.
///
/// # Errors
/// When one can't be built.
pub fn prepare() -> anyhow::Result<()> {
    ["collector", "mimir", "tempo", "loki"].into_iter().try_for_each(|name| provide(name).map(drop))
}

fn provide(name: &str) -> anyhow::Result<PathBuf> {
    match name {
        "collector" => go::build(&go::COLLECTOR, name, "."),
        "loki" => go::build(&go::LOKI, name, "github.com/grafana/loki/v3/cmd/loki"),
        "tempo" => go::build(&go::TEMPO, name, "github.com/grafana/tempo/cmd/tempo"),
        _ => go::build(&go::MIMIR, name, "github.com/grafana/mimir/cmd/mimir"),
    }
}

fn serve(name: &str, mut command: Command, port: Port, place: &Path) -> anyhow::Result<Server> {
    command.env("HTTP_PORT", port.number().to_string());
    let url = format!("http://{}", port.address());
    Server::start(Launch::new(&command, name, place), port, url, ready)
}

fn address(server: &Server) -> String {
    format!("127.0.0.1:{}", server.port())
}

fn show(path: &Path) -> String {
    path.display().to_string()
}

fn ready(address: SocketAddr) -> io::Result<()> {
    is_ok(address, "/ready")
}

fn healthy(address: SocketAddr) -> io::Result<()> {
    is_ok(address, "/")
}

fn is_ok(address: SocketAddr, path: &str) -> io::Result<()> {
    let mut stream = connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    if answer == *b"HTTP/1.1 200" { Ok(()) } else { Err(io::Error::other("it is not ready yet")) }
}
