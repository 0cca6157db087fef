//! `starling stuck`: orders that sit in a state past its deadline, and the events that are missing.

use crate::operator::Operator;
use chassis::settings;
use clap::Args;
use contracts::{ListStuck, StuckOrder};

/// Which count.
#[derive(Debug, Args)]
pub struct StuckArgs {
    /// Seconds past the deadline (or past the last change) from which an order counts
    #[arg(long, default_value_t = 60)]
    pub grace_s: u32,
    /// The most that are shown
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
    /// The flock's parts.
    #[command(flatten)]
    pub places: settings::Parts,
}

/// Prints what is stuck; true when nothing is.
///
/// # Errors
/// When `orders` does not answer.
pub async fn stuck(args: &StuckArgs) -> anyhow::Result<bool> {
    let nats = Operator::sign_in(&args.places).await?;
    let orders: Vec<StuckOrder> = nats.ask(&ListStuck { grace_s: args.grace_s, limit: args.limit }).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&orders)?);
        return Ok(orders.is_empty());
    }
    for order in &orders {
        let status = serde_json::to_value(order.status)?;
        let status = status.as_str().unwrap_or_default();
        println!(
            "{}  {status:14}  since {}  missing: {}",
            order.order_id,
            order.since,
            order.missing.join(", ")
        );
    }
    println!("{} stuck", orders.len());
    Ok(orders.is_empty())
}
