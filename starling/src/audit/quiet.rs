//! Waiting for the flock to come to rest.

use super::books::Books;
use crate::{flock, operator::Operator};
use anyhow::bail;
use chassis::settings;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Waits until no consumer has messages and no call to the outside is open, at two looks in a row: an answered call
/// becomes a message, and a message may become a call.
///
/// # Errors
/// When that does not come about in time: what is still under way.
pub async fn wait(places: &settings::Parts, books: &Books, patience: Duration) -> anyhow::Result<()> {
    let nats = Operator::sign_in(places).await?;
    let services = flock::wiring().services;
    let until = Instant::now() + patience;
    let mut calm = 0;
    while calm < 2 {
        let left = until.saturating_duration_since(Instant::now());
        nats.quiet(&services, left).await?;
        let open = books.open_calls().await?;
        calm = if open.is_empty() { calm + 1 } else { 0 };
        if let Some((service, calls)) = open.first().filter(|_| Instant::now() >= until) {
            bail!("not quiet after {} s: {calls} calls of {service} are not answered", patience.as_secs());
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}
