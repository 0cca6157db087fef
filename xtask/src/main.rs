//! `cargo xtask`: brings Starling up, tests it, measures it.

mod bench;
mod cargo;
mod cargo_tools;
mod dashboards;
mod faults;
mod first_order;
mod flock;
mod lgtm;
mod limit;
mod lint;
mod servers;
mod sim;
mod state;
mod stop;
mod test;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What a developer of Starling runs.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Start everything, place an order, print its life, and wait for Ctrl-C
    Up(up::Up),
    /// Start only NATS, Postgres, Redis and MongoDB (or FerretDB), and wait for Ctrl-C
    Servers(servers::Servers),
    /// Run all tests, with servers of their own on free ports
    Test(test::Test),
    /// Break servers, services, connections and messages under load, for long
    Faults(faults::Faults),
    /// Simulate the flock with all its faults, from seeds, in release
    Sim(sim::Sim),
    /// Measure orders a second, latency, CPU and memory, in release
    Bench(bench::Bench),
    /// Write the Grafana dashboards, or check that they are as written
    Dashboards(dashboards::Dashboards),
    /// Run the flock with real stores of traces, logs and metrics, and check that dashboards and alerts find what they ask for
    Lgtm(lgtm::Lgtm),
    /// Check format, lints, dependencies and documentation
    Lint(lint::Lint),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Up(up) => up.run(),
        Task::Servers(servers) => servers.run(),
        Task::Test(test) => test.run(),
        Task::Faults(faults) => faults.run(),
        Task::Sim(sim) => sim.run(),
        Task::Bench(bench) => bench.run(),
        Task::Dashboards(dashboards) => dashboards.run(),
        Task::Lgtm(lgtm) => lgtm.run(),
        Task::Lint(lint) => lint.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // The chain of causes; where in our code it was noticed helps nobody.
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
