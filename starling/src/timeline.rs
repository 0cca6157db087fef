//! `starling timeline ORDER`: an order's life, as `orders` learnt of it.

use crate::operator::{Operator, operator};
use chassis::settings;
use clap::Args;
use contracts::{GetTimeline, OrderId, Timeline};

/// The most entries that are asked for at once is the service's choice; so often is asked for more.
const MAX_PAGES: usize = 20;

/// Of which order.
#[derive(Debug, Args)]
pub struct TimelineArgs {
    /// The order
    pub order: OrderId,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
    /// The flock's parts.
    #[command(flatten)]
    pub places: settings::Parts,
}

/// Prints the timeline.
///
/// # Errors
/// When there is no such order, or `orders` does not answer.
pub async fn timeline(args: &TimelineArgs) -> anyhow::Result<()> {
    let timeline = whole(&Operator::sign_in(&args.places).await?, args.order).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&timeline)?);
        return Ok(());
    }
    println!("order {}: {}", timeline.order_id, name(&timeline.status)?);
    let began = timeline.entries.first().map_or(0, |entry| entry.at.millis());
    println!("{:24}  {:>9}  {:24}  {:14}  data", "time", "+ms", "event", "status");
    for entry in &timeline.entries {
        let data = entry.data.as_ref().map_or_else(String::new, ToString::to_string);
        let since = entry.at.millis() - began;
        println!("{}  {since:>+9}  {:24}  {:14}  {data}", entry.at, entry.event, name(&entry.status)?);
    }
    Ok(())
}

async fn whole(nats: &Operator, order_id: OrderId) -> anyhow::Result<Timeline> {
    let mut timeline = nats.ask(&GetTimeline { order_id, by: operator(), after: 0 }).await?;
    for _ in 0..MAX_PAGES {
        let after = timeline.entries.last().map_or(0, |entry| entry.seq);
        let more = nats.ask(&GetTimeline { order_id, by: operator(), after }).await?;
        if more.entries.is_empty() {
            break;
        }
        timeline.status = more.status;
        timeline.entries.extend(more.entries);
    }
    Ok(timeline)
}

/// The name that a value has on the wire.
fn name(value: &impl serde::Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_value(value)?.as_str().unwrap_or_default().to_owned())
}
