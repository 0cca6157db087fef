//! `starling replay FILE`: places every invoice as an order through the gateway, takes back what the data says was
//! taken back, and waits until all is settled.

mod place;
mod summary;
mod take_back;

pub use summary::Summary;

use crate::{
    gateway_client::{Door, GatewayClient},
    progress::Progress,
    retail::{Invoice, Retail, Source, trace},
};
use chassis::settings;
use clap::Args;
use futures_util::{StreamExt, stream};
use place::Placed;
use std::path::PathBuf;
use tokio::time::Instant;

/// What to replay.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Invoices, as `starling import` took them
    pub file: PathBuf,
    /// Orders under way at the same time
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=2048))]
    pub concurrency: u16,
    /// The stock that was imported for each product: fails if more of one was sold
    #[arg(long)]
    pub stock: Option<u32>,
    /// Part of the idempotency keys: another one places all orders anew
    #[arg(long)]
    pub salt: Option<String>,
    /// How the orders are paid
    #[arg(long, default_value = "sandbox.succeeds")]
    pub method: String,
    /// Only the first so many invoices
    #[arg(long)]
    pub limit: Option<usize>,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
    /// The gateway.
    #[command(flatten)]
    pub door: Door,
    /// The flock's parts.
    #[command(flatten)]
    pub places: settings::Parts,
}

/// Replays; returns when every order is confirmed or cancelled.
///
/// # Errors
/// When the file cannot be read, the gateway refuses an order, or an order is not settled in time.
pub async fn replay(args: &ReplayArgs) -> anyhow::Result<Summary> {
    let mut retail = Retail::read(&Source::read(&args.file)?)?;
    if let Some(limit) = args.limit {
        retail.sales.truncate(limit);
        retail.returns.retain(|(before, _)| *before < limit);
    }
    let gateway = GatewayClient::new(&args.door, &args.places.secret)?;
    let began = Instant::now();
    let run = Run {
        gateway: &gateway,
        prefix: prefix(&retail.hash, args.salt.as_deref()),
        method: &args.method,
        began_at: gateway.clock().await?,
    };

    let progress = Progress::new("orders settled", retail.sales.len());
    let placed = run.all(&retail.sales, args.concurrency, &progress, async |run, sale: &Invoice| {
        place::place(run, sale).await
    });
    let placed: Vec<anyhow::Result<Placed>> = placed.await;
    progress.end();
    let settled_in = began.elapsed();

    // Sold at the same time can be only what there was: counted before anything is taken back.
    let mut summary = Summary::of_sales(&retail, &placed, settled_in);
    summary.check_stock(args.stock, &retail.sales, &placed);

    let (returns, untraced) = trace(&retail);
    let progress = Progress::new("orders taken back", returns.len());
    let taken_back = run.all(&returns, args.concurrency, &progress, async |run, back| {
        take_back::take_back(run, back, &retail.sales, &placed).await
    });
    let taken_back = taken_back.await;
    progress.end();
    summary.add_returns(&retail, &returns, &taken_back, untraced);
    summary.retries = gateway.retries();
    Ok(summary)
}

/// What all orders of a replay share.
struct Run<'a> {
    gateway: &'a GatewayClient,
    /// Of the idempotency keys.
    prefix: String,
    /// Of payment.
    method: &'a str,
    /// When the replay began, by the gateway's clock, in milliseconds since 1970.
    began_at: i64,
}

impl Run<'_> {
    /// Does something with each of `items`, so many at the same time; the results are in the order of the items.
    async fn all<'a, T, R>(
        &'a self,
        items: &'a [T],
        concurrency: u16,
        progress: &Progress,
        work: impl AsyncFn(&'a Self, &'a T) -> R,
    ) -> Vec<R> {
        let mut results: Vec<(usize, R)> = stream::iter(items.iter().enumerate())
            .map(async |(place, item)| {
                let result = work(self, item).await;
                progress.step();
                (place, result)
            })
            // A slow one holds nobody else up.
            .buffer_unordered(usize::from(concurrency))
            .collect()
            .await;
        results.sort_unstable_by_key(|(place, _)| *place);
        results.into_iter().map(|(_, result)| result).collect()
    }
}

/// The first part of all idempotency keys: the same file, the same keys.
fn prefix(hash: &str, salt: Option<&str>) -> String {
    salt.map_or_else(|| format!("replay-{hash}"), |salt| format!("replay-{hash}-{salt}"))
}
