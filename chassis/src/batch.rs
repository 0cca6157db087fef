//! One batch, for as long as it needs: in one transaction if that succeeds, one by one if not.

use crate::{
    Outgoing, Participant, dead,
    delivery::Delivery,
    failed::{Failed, Remedy, caught},
    handover::{Giver, Recorded},
    participant::Live,
    telemetry::Step,
    trails::Trails,
};
use sqlx::PgPool;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Pause before a transient failure is tried again, at first; it doubles, jittered, up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(20);
/// Longest pause between tries.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// A batch that loses the race with another replica this often goes on one by one.
const BATCH_RACES: u32 = 3;
/// A single message that loses the race with another replica this often is poison after all.
const RACES: u32 = 20;

/// Where a service's batches are taken.
pub(crate) struct Desk<P: Participant> {
    pub service: &'static str,
    pub db: PgPool,
    pub rules: P::Rules,
    /// Where attempts at outside calls go.
    pub caller: Giver<P::Attempt>,
    /// Where the traces of orders are noted.
    pub trails: Trails,
}

/// What came of a batch.
pub(crate) struct Taken<A> {
    /// To be published: decided just now.
    pub fresh: Vec<Outgoing>,
    /// To be published again: decided before, and perhaps published.
    pub again: Vec<Outgoing>,
    pub live: Vec<Live>,
    pub attempts: Recorded<A>,
    /// Spans of what is to be published; they end when it is.
    pub sends: Vec<Step>,
}

impl<A> Default for Taken<A> {
    fn default() -> Self {
        Self { fresh: vec![], again: vec![], live: vec![], attempts: Recorded::default(), sends: vec![] }
    }
}

impl<A> Taken<A> {
    fn add(&mut self, more: Self) {
        self.fresh.extend(more.fresh);
        self.again.extend(more.again);
        self.live.extend(more.live);
        self.sends.extend(more.sends);
        self.attempts.leased.extend(more.attempts.leased);
        self.attempts.due |= more.attempts.due;
    }
}

/// How sure a transaction may be that its messages are new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// All were delivered for the first time. Should one be known all the same, the journal refuses its second row, and
    /// the batch is taken again with a look.
    Fresh,
    /// The journal is asked.
    Look,
}

impl<P: Participant> Desk<P> {
    /// Takes a batch; nothing when told to stop before it could be committed.
    pub async fn take(&self, batch: &[Delivery], stop: &CancellationToken) -> Option<Taken<P::Attempt>> {
        let mut all = Taken::default();
        let redrive = dead::redrive_subject(self.service);
        let (redrives, messages): (Vec<_>, Vec<_>) =
            batch.iter().partition(|delivery| delivery.subject == redrive);
        let first = messages.iter().all(|delivery| delivery.delivered == 1);
        let mut trust = if first { Trust::Fresh } else { Trust::Look };
        let mut pause = PAUSE;
        let mut races = 0;
        while !messages.is_empty() {
            let failed = match caught(self.transact(&messages, trust)).await {
                Ok(taken) => {
                    all.add(taken);
                    break;
                }
                Err(failed) => failed,
            };
            match failed.remedy() {
                Remedy::Wait => wait(self.service, &failed, &mut pause, stop).await?,
                Remedy::Again if races < BATCH_RACES => races += 1,
                // One by one, so that a poison message hurts only itself.
                Remedy::Again | Remedy::Bury => {
                    let service = self.service;
                    tracing::info!(service, messages = messages.len(), %failed, "batch failed, going on one by one");
                    for message in &messages {
                        all.add(self.take_one(message, stop).await?);
                    }
                    break;
                }
            }
            trust = Trust::Look;
        }
        for delivery in redrives {
            all.add(self.take_one(delivery, stop).await?);
        }
        Some(all)
    }

    async fn take_one(&self, delivery: &Delivery, stop: &CancellationToken) -> Option<Taken<P::Attempt>> {
        let mut pause = PAUSE;
        let mut races = 0;
        let redrive = delivery.subject == dead::redrive_subject(self.service);
        let mut verdict: Option<(String, &'static str)> = None;
        loop {
            let outcome = match &verdict {
                Some((why, _)) if redrive => caught(self.redriven_in_vain(delivery, why)).await,
                Some((why, kind)) => caught(self.bury(delivery, why, kind)).await,
                None if redrive => caught(self.redrive(delivery)).await,
                None => caught(self.transact(&[delivery], Trust::Look)).await,
            };
            let failed = match outcome {
                Ok(taken) => return Some(taken),
                Err(failed) => failed,
            };
            match failed.remedy() {
                Remedy::Wait => wait(self.service, &failed, &mut pause, stop).await?,
                Remedy::Again if races < RACES => races += 1,
                // Burying itself fails only for a while: a letter that is there already is a journal hit.
                Remedy::Again | Remedy::Bury if verdict.is_some() => {
                    verdict = None;
                    wait(self.service, &failed, &mut pause, stop).await?;
                }
                Remedy::Again | Remedy::Bury => verdict = Some((failed.to_string(), failed.kind())),
            }
        }
    }
}

async fn wait(
    service: &'static str,
    failed: &Failed,
    pause: &mut Duration,
    stop: &CancellationToken,
) -> Option<()> {
    tracing::warn!(service, %failed, pause_ms = pause.as_millis(), "batch failed, trying again");
    let jittered = pause.mul_f64(rand::random_range(0.5..1.5));
    *pause = (*pause * 2).min(PAUSE_MAX);
    stop.run_until_cancelled(tokio::time::sleep(jittered)).await
}
