//! `cargo xtask lgtm`: the flock with real stores of traces, logs and metrics.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use tools::lgtm::Configuration;

use crate::cargo;
use crate::limit::run_within;
use crate::stop::Stop;
use crate::up::Up;

/// Where the report of the last run is, in the workspace.
const REPORT: &str = "observability/last-run.md";

/// Run the flock with a real collector, Loki, Tempo and Mimir, built from Go modules where they are not built yet (an hour
/// on two cores, once), and check that traces are whole, alerts fire and clear, and dashboards show something.
#[derive(clap::Args)]
pub struct Lgtm {
    /// Keep everything up until Ctrl-C, for a look
    #[arg(long)]
    up: bool,
    /// Only build the servers
    #[arg(long, conflicts_with = "up")]
    build: bool,
    /// After how many minutes the check is killed
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    limit: u64,
    /// Where the gateway listens, with --up
    #[arg(long, env = "GATEWAY_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

impl Lgtm {
    /// Runs the check to its end, or everything until it is asked to stop.
    pub fn run(self) -> anyhow::Result<()> {
        let stop = Stop::listen()?;
        tools::step("preparing collector, Mimir, Loki and Tempo", tools::lgtm::prepare)?;
        if self.build {
            return Ok(());
        }
        if self.up {
            return up(self.listen, &stop);
        }
        tools::step("preparing the servers", tools::Servers::prepare)?;
        let binary = tools::step("building starling", || cargo::build_starling(false))?;
        let report = cargo::root()?.join(REPORT);
        let unfinished = report.with_extension("unfinished");
        let mut test = cargo::cargo()?;
        test.args(["test", "--package", "tests", "--test", "lgtm", "--", "--include-ignored", "--nocapture"]);
        test.env("STARLING_BIN", binary).env("STARLING_LGTM_REPORT", &unfinished);
        let outcome = run_within(&mut test, Duration::from_secs(self.limit * 60), Some(&stop));
        if unfinished.exists() {
            let text = fs::read_to_string(&unfinished)?;
            fs::write(&report, format!("# The last run of `cargo xtask lgtm`\n{text}"))?;
            fs::remove_file(unfinished).context("the unfinished report")?;
            println!("\nreport: {REPORT}");
        }
        outcome
    }
}

/// The stack, and a flock that it watches, as `cargo xtask up` would start it.
fn up(listen: SocketAddr, stop: &Stop) -> anyhow::Result<()> {
    let observability = cargo::root()?.join("observability");
    let configuration = Configuration {
        rules: observability.join("rules"),
        folder: observability,
        variables: vec![("BASELINE_PERCENT", "100".to_owned())],
    };
    let place: PathBuf = cargo::root()?.join(".starling/lgtm");
    let stack = tools::step("starting collector, Mimir, Loki and Tempo", || {
        tools::lgtm::Lgtm::start(&place, &configuration)
    })?;
    println!("The stack is up.");
    println!("  OTLP      {} (HTTP)", stack.collector.url());
    println!("  Mimir     {}/prometheus, alerts: {0}/prometheus/api/v1/alerts", stack.mimir.url());
    println!("  Loki      {}", stack.loki.url());
    println!("  Tempo     {}", stack.tempo.url());
    println!(
        "  A Grafana of yours reads observability/grafana with MIMIR={} LOKI={} TEMPO={}",
        address(&stack.mimir),
        address(&stack.loki),
        address(&stack.tempo)
    );
    let telemetry =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", stack.collector.url().to_owned()), ("TRACE_RATIO", "1".to_owned())];
    Up::watched(listen).run_with(stop, &telemetry)
}

/// Host and port, as the data sources want them.
fn address(server: &tools::Server) -> &str {
    server.url().trim_start_matches("http://")
}
