//! `starling timeline ORDER`: an order's life, as `orders` learnt of it.

use crate::operator::{Operator, operator};
use chassis::settings;
use clap::Args;
use contracts::{GetTimeline, OrderId, Timeline, TimelineEntry};

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
    println!(
        "{:>4}  {:24}  {:>9}  {:10}  {:24}  {:14}  {:22}  data",
        "#", "time", "+ms", "service", "event", "status", "because of"
    );
    for entry in &timeline.entries {
        let data = entry.data.as_ref().map_or_else(String::new, ToString::to_string);
        let (since, status) = (entry.at.millis() - began, name(&entry.status)?);
        let TimelineEntry { seq, at, service, event, .. } = entry;
        let because = because(&timeline, entry);
        println!("{seq:>4}  {at}  {since:>+9}  {service:10}  {event:24}  {status:14}  {because:22}  {data}");
    }
    Ok(())
}

/// What led to an entry: another one by its number, else its subject, else its id. Nothing in old entries.
fn because(timeline: &Timeline, entry: &TimelineEntry) -> String {
    let Some(cause) = &entry.cause else { return String::new() };
    let shown = timeline.entries.iter().find(|other| other.message_id == Some(cause.message_id));
    match (shown, &cause.subject) {
        (Some(shown), _) => format!("#{} {}", shown.seq, shown.event),
        (None, Some(subject)) => subject.clone(),
        (None, None) => cause.message_id.to_string(),
    }
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
