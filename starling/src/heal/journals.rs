//! Telling again what services said: the outputs in their journals that are in no stream any more.

use super::{Patient, Report, ago, held::Held};
use crate::progress::Progress;
use anyhow::Context;
use chassis::{JournalReader, Outgoing, Publisher, Tasks, connect, settings};
use contracts::{Timestamp, stream_of};
use futures_util::StreamExt;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Journals are gone through side by side in steps of so long: a message and what followed from it are published
/// within JetStream's duplicate window, which so absorbs most of what the services publish again themselves.
const STEP: Duration = Duration::from_secs(60);
/// Messages that are published together: few enough to be stored one by one within the publisher's time, on a slow disk.
pub const TOGETHER: usize = 200;
/// How often messages are published before it is given up: the publisher itself has five seconds each time.
const TRIES: u32 = 12;

/// A journal, from when to when.
pub type Span = Option<(Timestamp, Timestamp)>;

/// Of each journal, what is to be compared.
pub async fn spans(journals: &[JournalReader]) -> anyhow::Result<Vec<Span>> {
    let mut spans = vec![];
    for journal in journals {
        spans.push(journal.span().await?);
    }
    Ok(spans)
}

/// Publishes what is missing in the streams, each message as the service that said it.
pub async fn tell_again(
    patient: &Patient,
    spans: &[Span],
    held: &Held,
    report: &mut Report,
) -> anyhow::Result<()> {
    let oldest = spans.iter().flatten().map(|(oldest, _)| *oldest).min();
    let until = spans.iter().flatten().map(|(_, now)| *now).max();
    let (Some(oldest), Some(until)) = (oldest, until) else { return Ok(()) };
    let mut from = patient.since.map_or(oldest, |since| since.max(oldest));
    let mut tellers = vec![];
    for (journal, span) in patient.journals.iter().zip(spans) {
        let Some((_, now)) = span else { continue };
        tellers.push((journal, *now, Teller::sign_in(&patient.places, journal.service()).await?));
    }
    let left = until.millis().saturating_sub(from.millis()).max(0);
    let steps = usize::try_from(left)?.div_ceil(usize::try_from(STEP.as_millis())?);
    let progress = Progress::new("minutes of journals", steps);
    while from < until {
        let next = from.plus(STEP).min(until);
        for (journal, now, teller) in &tellers {
            let mut missing = vec![];
            let mut rows = journal.outputs(from, next.min(*now));
            while let Some(row) = rows.next().await {
                missing.extend(row?.into_iter().filter(|message| is_missing(message, held)));
                if missing.len() >= TOGETHER {
                    teller.tell(std::mem::take(&mut missing), patient.dry_run, report).await?;
                }
            }
            teller.tell(missing, patient.dry_run, report).await?;
        }
        progress.step();
        from = next;
    }
    progress.end();
    Ok(())
}

/// Whether its stream would still keep it, and has it no more.
fn is_missing(message: &Outgoing, held: &Held) -> bool {
    let Some(stream) = stream_of(&message.subject) else { return false };
    let kept = stream.max_age_days.map(|days| ago(Duration::from_secs(days * 86_400)));
    kept.is_none_or(|kept| message.at_millis >= kept.millis()) && !held.has(stream.name, message.id)
}

/// Publishes as one service: nobody else may tell its events.
pub struct Teller {
    service: &'static str,
    publisher: Publisher,
}

impl Teller {
    /// Signs in as the service.
    pub async fn sign_in(places: &settings::Parts, service: &'static str) -> anyhow::Result<Self> {
        let nats = connect::nats(places, service).await?;
        let tasks = Tasks::child_of(&CancellationToken::new());
        Ok(Self { service, publisher: Publisher::start(nats, &tasks) })
    }

    /// Publishes messages under their own ids, and counts them.
    pub async fn tell(
        &self,
        messages: Vec<Outgoing>,
        dry_run: bool,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        report.told_again(&messages);
        if dry_run {
            return Ok(());
        }
        let mut outcome = self.publisher.publish(messages.clone()).await;
        for _ in 1..TRIES {
            if outcome.is_ok() {
                break;
            }
            // Some may be stored by now.
            outcome = self.publisher.publish_again(messages.clone()).await;
        }
        outcome.with_context(|| format!("telling again as {}", self.service))
    }
}
