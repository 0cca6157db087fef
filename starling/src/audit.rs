//! `starling audit`: whether what must always hold does hold, over all services at once.
//!
//! The laws are those of the choreography; each check says how many things it looked at and which of them offend.
//! It reads and never writes. It wants a flock that has come to rest: while messages are under way the services
//! rightly know different things.

mod books;
mod holds;
mod log;
mod money;
mod quiet;
mod report;
mod settled;
mod shelf;
mod shipments;
pub(crate) mod stream;

pub use report::{Check, Law, Report};

use books::Books;
use chassis::settings;
use clap::Args;
use std::time::Duration;

/// What to check.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Wait until nothing is under way, at most so many seconds; 0: do not wait
    #[arg(long, default_value_t = 30)]
    pub quiet_for: u64,
    /// Leave the payment log in MongoDB out
    #[arg(long)]
    pub without_log: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// OTLP endpoint (HTTP) that is told how many findings there are; none: nobody
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
    /// The flock's parts; POSTGRES_URL must be an admin's.
    #[command(flatten)]
    pub places: settings::Parts,
}

/// Checks everything.
///
/// # Errors
/// When a database cannot be read, or the flock does not come to rest.
pub async fn audit(args: &AuditArgs) -> anyhow::Result<Report> {
    let books = Books::open(&args.places)?;
    if args.quiet_for > 0 {
        quiet::wait(&args.places, &books, Duration::from_secs(args.quiet_for)).await?;
    }
    let orders = books.orders().await?;
    let mut report = Report::default();
    report.add(shelf::checks(&books).await?);
    report.add(vec![holds::check(&books, &orders).await?]);
    report.add(money::checks(&books, &orders).await?);
    report.add(settled::checks(&args.places, &books, &orders).await?);
    report.add(shipments::checks(&books, &orders).await?);
    if !args.without_log {
        report.add(log::checks(&args.places).await?);
    }
    report.dead_letters = books.dead_letters().await?;
    Ok(report)
}
