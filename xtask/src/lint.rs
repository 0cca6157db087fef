//! `cargo xtask lint`: format, lints, dependencies, documentation.

use std::process::Command;
use std::time::Duration;

use anyhow::bail;

use crate::limit::run_within;
use crate::{cargo, cargo_tools};

const CARGO_DENY: (&str, &str) = ("cargo-deny", "0.20.2");
const CARGO_MACHETE: (&str, &str) = ("cargo-machete", "0.9.2");
/// How long the database of advisories may take to come.
const FETCH_LIMIT: Duration = Duration::from_secs(60);

type Check = fn() -> anyhow::Result<()>;

/// Check format, lints, dependencies and documentation; all checks run, also when one fails.
#[derive(clap::Args)]
pub struct Lint {
    /// Only these checks
    #[arg(value_parser = NAMES)]
    only: Vec<String>,
}

const NAMES: [&str; 5] = ["format", "clippy", "docs", "unused", "deny"];

impl Lint {
    /// Runs all checks to their end.
    pub fn run(self) -> anyhow::Result<()> {
        let checks: [Check; 5] = [format, clippy, docs, unused, deny];
        let mut failed = Vec::new();
        for (name, check) in NAMES.into_iter().zip(checks) {
            if !self.only.is_empty() && !self.only.iter().any(|only| only == name) {
                continue;
            }
            if let Err(error) = tools::step(name, check) {
                eprintln!("{error:#}");
                failed.push(name);
            }
        }
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }
}

/// As rustfmt would write it.
fn format() -> anyhow::Result<()> {
    cargo::run(cargo::cargo()?.args(["fmt", "--all", "--check"]))
}

/// No warning, also in tests.
fn clippy() -> anyhow::Result<()> {
    cargo::run(cargo::cargo()?.args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// No broken link, nothing undocumented.
fn docs() -> anyhow::Result<()> {
    let mut doc = cargo::cargo()?;
    doc.args(["doc", "--workspace", "--no-deps", "--document-private-items"]);
    cargo::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

/// No dependency that nobody uses.
fn unused() -> anyhow::Result<()> {
    cargo::run(tool(CARGO_MACHETE)?.arg("."))
}

/// Licences, bans, sources, and advisories where their database can be reached.
fn deny() -> anyhow::Result<()> {
    let deny = || tool(CARGO_DENY);
    cargo::run(deny()?.args(["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]))?;
    // The database of advisories is not in a package registry: where there is no way to it, we say so.
    if let Err(error) = run_within(deny()?.args(["fetch", "db"]), FETCH_LIMIT, None) {
        eprintln!("  ! advisories are not checked: their database can't be had ({error:#})");
        return Ok(());
    }
    cargo::run(deny()?.args(["check", "--disable-fetch", "advisories"]))
}

/// A cargo tool, to be run in the checkout.
fn tool((name, version): (&str, &str)) -> anyhow::Result<Command> {
    let mut command = Command::new(cargo_tools::provide(name, version)?);
    command.current_dir(cargo::root()?);
    Ok(command)
}
