//! `cargo xtask dashboards`: the Grafana dashboards, declared in plain code and written as JSON.

mod board;
mod business;
mod funnel;
mod jetstream;
mod json;
mod order;
mod services;
mod stack;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::cargo;
use board::Board;

/// Write the Grafana dashboards, or check that those of the checkout are what this would write.
#[derive(clap::Args)]
pub struct Dashboards {
    /// Write them into observability/grafana/dashboards
    #[arg(long)]
    write: bool,
}

impl Dashboards {
    /// Writes or checks all.
    pub fn run(self) -> anyhow::Result<()> {
        let mut differ = Vec::new();
        for board in all() {
            let (path, text) = (path(&board)?, json::text(&board)?);
            if self.write {
                fs::write(&path, text).with_context(|| format!("{}", path.display()))?;
            } else if fs::read_to_string(&path).unwrap_or_default() != text {
                differ.push(board.uid);
            }
        }
        if !differ.is_empty() {
            bail!("not as `cargo xtask dashboards --write` would write them: {}", differ.join(", "));
        }
        Ok(())
    }
}

/// All dashboards, in the order in which one would look at them.
fn all() -> Vec<Board> {
    vec![
        funnel::board(),
        business::board(),
        services::board(),
        jetstream::board(),
        order::board(),
        stack::board(),
    ]
}

/// Where a dashboard's JSON is.
fn path(board: &Board) -> anyhow::Result<PathBuf> {
    Ok(cargo::root()?.join("observability/grafana/dashboards").join(board.uid).with_extension("json"))
}
