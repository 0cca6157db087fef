//! `starling contracts`: writes the generated documents, or checks those that are there.

use crate::{documents::Documents, flock};
use anyhow::bail;
use clap::Args;
use std::path::PathBuf;

/// What to do.
#[derive(Debug, Args)]
#[group(id = "contracts_what", required = true, multiple = false, args = ["write", "check"])]
pub struct ContractsArgs {
    /// Write schemas, AsyncAPI, the picture and the requests for HTTP clients; refuses changes that break readers or writers
    #[arg(long)]
    pub write: bool,
    /// Check that those that are there are true
    #[arg(long)]
    pub check: bool,
    /// With --write: change schemas though it breaks somebody (nobody relies on them yet, or all were asked)
    #[arg(long, requires = "write")]
    pub break_them: bool,
    /// The folder that holds `schemas/`, `asyncapi.yaml`, `choreography.md` and `http/`
    #[arg(long, default_value = "contracts")]
    pub folder: PathBuf,
}

/// Does it.
///
/// # Errors
/// When a document is stale, or would break somebody.
pub fn contracts(args: &ContractsArgs) -> anyhow::Result<()> {
    let documents = Documents::of(&flock::wiring())?;
    let broken = documents.broken(&args.folder)?;
    if args.check {
        let stale: Vec<String> = documents.stale(&args.folder)?.iter().map(ToString::to_string).collect();
        if !stale.is_empty() {
            bail!("run `starling contracts --write`:\n  {}", [stale, broken].concat().join("\n  "));
        }
        println!("all documents are true");
        return Ok(());
    }
    if !broken.is_empty() && !args.break_them {
        bail!(
            "this would break who reads or writes by the old schemas; give the message a new version:\n  {}",
            broken.join("\n  ")
        );
    }
    for change in documents.write(&args.folder)? {
        println!("written: {change}");
    }
    Ok(())
}
