//! One batch, one transaction: journal, load, decide, save, commit; and what to do when that fails.

use crate::{
    Decision, Heard, Outgoing, Participant, Redrive, Why, connect, dead,
    delivery::Delivery,
    journal::{self, Entry},
    participant::{AfterCommit, Live},
    telemetry,
};
use contracts::{MessageEnum, MessageId, Unreadable};
use futures_util::FutureExt;
use sqlx::PgPool;
use std::{panic::AssertUnwindSafe, time::Duration};
use tokio_util::sync::CancellationToken;

/// The largest output: a larger one is refused before commit, since no stream would take it with its headers.
const OUTPUT_BYTES: usize = 512 << 10;
/// Pause before a transient failure is tried again, at first; it doubles, jittered, up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(20);
/// Longest pause between tries.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// Longest reason that is kept with a dead letter: some errors quote what they met.
const WHY_BYTES: usize = 300;
/// A batch that loses the race with another replica this often goes on one by one.
const BATCH_RACES: u32 = 3;
/// A single message that loses the race with another replica this often is poison after all.
const RACES: u32 = 20;

/// What came of a batch.
#[derive(Default)]
pub(crate) struct Taken {
    /// To be published: decided just now.
    pub fresh: Vec<Outgoing>,
    /// To be published again: decided before, and perhaps published.
    pub again: Vec<Outgoing>,
    pub live: Vec<Live>,
    pub wake_caller: bool,
}

impl Taken {
    fn add(&mut self, more: Self) {
        self.fresh.extend(more.fresh);
        self.again.extend(more.again);
        self.live.extend(more.live);
        self.wake_caller |= more.wake_caller;
    }
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    #[error("an output of {0} bytes is larger than a stream takes")]
    TooLarge(usize),
    #[error("an output could not be written: {0}")]
    Unwritable(#[from] serde_json::Error),
    #[error("panicked: {0}")]
    Panicked(String),
}

/// What a failure calls for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// The database is away or busy: the same again, later.
    Wait,
    /// Another replica was first: the same again, now.
    Again,
    /// The message is at fault.
    Bury,
}

impl Failed {
    fn remedy(&self) -> Remedy {
        match self {
            Self::Database(sqlx::Error::Database(error)) => match error.code().as_deref() {
                Some("23505") => Remedy::Again,
                Some(code)
                    if ["08", "40", "53", "57", "55P03", "25006", "25P03"]
                        .iter()
                        .any(|c| code.starts_with(c)) =>
                {
                    Remedy::Wait
                }
                Some(_) | None => Remedy::Bury,
            },
            Self::Database(
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::BeginFailed,
            ) => Remedy::Wait,
            Self::Database(_) | Self::TooLarge(_) | Self::Unwritable(_) | Self::Panicked(_) => Remedy::Bury,
        }
    }
}

/// Takes a batch, for as long as it needs; nothing when told to stop before it could be committed.
pub(crate) async fn take<P: Participant>(
    service: &'static str,
    db: &PgPool,
    rules: &P::Rules,
    batch: &[Delivery],
    stop: &CancellationToken,
) -> Option<Taken> {
    let mut all = Taken::default();
    let redrive = dead::redrive_subject(service);
    let (redrives, messages): (Vec<_>, Vec<_>) =
        batch.iter().partition(|delivery| delivery.subject == redrive);
    let mut pause = PAUSE;
    let mut races = 0;
    loop {
        match attempt::<P>(service, db, rules, &messages).await {
            Ok(taken) => break all.add(taken),
            Err(failed) => match failed.remedy() {
                Remedy::Wait => wait(service, &failed, &mut pause, stop).await?,
                Remedy::Again if races < BATCH_RACES => races += 1,
                // One by one, so that a poison message hurts only itself.
                Remedy::Again | Remedy::Bury => {
                    tracing::info!(service, messages = messages.len(), %failed, "batch failed, going on one by one");
                    for message in &messages {
                        all.add(take_one::<P>(service, db, rules, message, stop).await?);
                    }
                    break;
                }
            },
        }
    }
    for delivery in redrives {
        all.add(take_one::<P>(service, db, rules, delivery, stop).await?);
    }
    Some(all)
}

async fn take_one<P: Participant>(
    service: &'static str,
    db: &PgPool,
    rules: &P::Rules,
    delivery: &Delivery,
    stop: &CancellationToken,
) -> Option<Taken> {
    let mut pause = PAUSE;
    let mut races = 0;
    let redrive = delivery.subject == dead::redrive_subject(service);
    let mut verdict: Option<String> = None;
    loop {
        let outcome = match &verdict {
            Some(why) if redrive => caught(in_vain(service, db, delivery, why)).await,
            Some(why) => caught(bury(service, db, delivery, why)).await,
            None if redrive => caught(self::redrive::<P>(service, db, rules, delivery)).await,
            None => attempt::<P>(service, db, rules, &[delivery]).await,
        };
        let failed = match outcome {
            Ok(taken) => return Some(taken),
            Err(failed) => failed,
        };
        match failed.remedy() {
            Remedy::Wait => wait(service, &failed, &mut pause, stop).await?,
            Remedy::Again if races < RACES => races += 1,
            // Burying itself fails only for a while: a letter that is there already is a journal hit.
            Remedy::Again | Remedy::Bury if verdict.is_some() => {
                verdict = None;
                wait(service, &failed, &mut pause, stop).await?;
            }
            Remedy::Again | Remedy::Bury => verdict = Some(failed.to_string()),
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

/// One try in one transaction; a panic in it is an error of the message, not the end of the service.
async fn attempt<P: Participant>(
    service: &'static str,
    db: &PgPool,
    rules: &P::Rules,
    batch: &[&Delivery],
) -> Result<Taken, Failed> {
    if batch.is_empty() {
        return Ok(Taken::default());
    }
    caught(transact::<P>(service, db, rules, batch)).await
}

async fn caught(work: impl Future<Output = Result<Taken, Failed>>) -> Result<Taken, Failed> {
    let outcome = AssertUnwindSafe(connect::in_time(work)).catch_unwind().await;
    outcome.unwrap_or_else(|panic| Err(Failed::Panicked(words_of(&*panic))))
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

async fn transact<P: Participant>(
    service: &'static str,
    db: &PgPool,
    rules: &P::Rules,
    batch: &[&Delivery],
) -> Result<Taken, Failed> {
    let mut tx = db.begin().await?;
    let ids: Vec<MessageId> = batch.iter().map(|delivery| delivery.id).collect();
    let mut known = journal::read(&mut tx, &ids).await?;
    let mut taken = Taken::default();
    let mut entries = Vec::with_capacity(batch.len());
    let mut heard = Vec::with_capacity(batch.len());
    let mut deliveries = Vec::with_capacity(batch.len());
    // Counted once committed: a try that is rolled back counts for nothing.
    let mut outcomes = Vec::with_capacity(batch.len());
    for delivery in batch {
        if let Some(outputs) = known.remove(&delivery.id) {
            outcomes.push((delivery.subject.as_str(), "journal_hit"));
            taken.again.extend(outputs);
            continue;
        }
        match read::<P>(&delivery.subject, delivery.id, delivery.at, &delivery.body) {
            Ok(message) => {
                heard.push(message);
                deliveries.push(*delivery);
            }
            Err(why) => {
                outcomes.push((&delivery.subject, "parked"));
                entries.push(give_up(service, &mut tx, delivery, &why.to_string()).await?);
            }
        }
    }
    if !heard.is_empty() {
        let mut state = P::load(rules, &mut tx, &heard).await?;
        for (message, delivery) in heard.iter().zip(deliveries) {
            let decision = state.decide(message);
            outcomes.push((&delivery.subject, outcome_of(&decision)));
            entries.push(match conclude::<P>(service, delivery, decision)? {
                Ok(outputs) => Entry { id: delivery.id, outputs, dead: false },
                Err(why) => give_up(service, &mut tx, delivery, &why).await?,
            });
        }
        let AfterCommit { live, wake_caller } = state.save(&mut tx).await?;
        (taken.live, taken.wake_caller) = (live, wake_caller);
    }
    journal::write(&mut tx, &mut entries).await?;
    tx.commit().await?;
    for (subject, outcome) in outcomes {
        telemetry::consumed(service, subject, outcome, 1);
    }
    taken.fresh = entries.into_iter().flat_map(|entry| entry.outputs).collect();
    Ok(taken)
}

fn read<P: Participant>(
    subject: &str,
    id: MessageId,
    at: contracts::Timestamp,
    body: &[u8],
) -> Result<Heard<P::Hears>, Unreadable> {
    P::Hears::read(subject, body).map(|message| Heard { id, at, message })
}

/// The word under which a decision is counted.
const fn outcome_of<T>(decision: &Decision<T>) -> &'static str {
    match decision {
        Decision::Accept(_) => "accepted",
        Decision::Ignore(Why::Repeat) => "ignored_repeat",
        Decision::Ignore(Why::TooLate) => "ignored_too_late",
        Decision::Ignore(Why::Impossible(_)) => "parked",
    }
}

/// Turns a decision into outputs; or says why the message is to be parked.
fn conclude<P: Participant>(
    service: &'static str,
    delivery: &Delivery,
    decision: Decision<P::Tells>,
) -> Result<Result<Vec<Outgoing>, String>, Failed> {
    let facts = match decision {
        Decision::Accept(facts) => facts,
        Decision::Ignore(Why::Repeat | Why::TooLate) => return Ok(Ok(vec![])),
        Decision::Ignore(Why::Impossible(why)) => return Ok(Err(why)),
    };
    let parent = delivery.trace.as_deref();
    let step = telemetry::continue_trace(parent, "process", service, &delivery.subject, delivery.about);
    let trace = step.as_ref().map_or_else(|| delivery.trace.clone(), |step| Some(step.traceparent()));
    let mut outputs = Vec::with_capacity(facts.len());
    for fact in &facts {
        let output = Outgoing::fact(fact, delivery.id)?.traced(trace.clone());
        if output.body.len() > OUTPUT_BYTES {
            return Err(Failed::TooLarge(output.body.len()));
        }
        outputs.push(output);
    }
    Ok(Ok(outputs))
}

/// Buries a message: its journal entry's output is the dead letter.
async fn give_up(
    service: &'static str,
    tx: &mut crate::Db,
    delivery: &Delivery,
    why: &str,
) -> Result<Entry, Failed> {
    let why = &why[..why.floor_char_boundary(WHY_BYTES)];
    telemetry::dead(service);
    tracing::error!(service, subject = delivery.subject, message_id = %delivery.id, why, "given up: dead letter");
    journal::bury(tx, delivery, why).await?;
    let letter = dead::letter_of(service, delivery, why)?;
    Ok(Entry { id: delivery.id, outputs: vec![letter], dead: true })
}

async fn bury(service: &'static str, db: &PgPool, delivery: &Delivery, why: &str) -> Result<Taken, Failed> {
    let mut tx = db.begin().await?;
    let mut entries = [give_up(service, &mut tx, delivery, why).await?];
    journal::write(&mut tx, &mut entries).await?;
    tx.commit().await?;
    telemetry::consumed(service, &delivery.subject, "parked", 1);
    let [entry] = entries;
    Ok(Taken { fresh: entry.outputs, ..Taken::default() })
}

/// Decides a dead letter again, under its original id, so that nobody else applies the fact twice.
async fn redrive<P: Participant>(
    service: &'static str,
    db: &PgPool,
    rules: &P::Rules,
    command: &Delivery,
) -> Result<Taken, Failed> {
    let mut tx = db.begin().await?;
    let mut taken = Taken::default();
    if let Some((_, outputs)) = journal::read(&mut tx, &[command.id]).await?.pop_first() {
        taken.again = outputs;
        return Ok(taken);
    }
    let mut entry = Entry { id: command.id, outputs: vec![], dead: false };
    let Ok(Redrive { message_id }) = serde_json::from_slice(&command.body) else {
        return bury(service, db, command, "not a Redrive").await;
    };
    if let Some(letter) = journal::exhume(&mut tx, message_id).await? {
        let original = Delivery::exhumed(message_id, letter, command);
        match read::<P>(&original.subject, original.id, original.at, &original.body) {
            Ok(message) => {
                let mut state = P::load(rules, &mut tx, std::slice::from_ref(&message)).await?;
                if let Ok(outputs) = conclude::<P>(service, &original, state.decide(&message))? {
                    let AfterCommit { live, wake_caller } = state.save(&mut tx).await?;
                    (taken.live, taken.wake_caller) = (live, wake_caller);
                    journal::revive(&mut tx, message_id, &outputs).await?;
                    entry.outputs = outputs;
                }
            }
            Err(why) => tracing::warn!(service, %message_id, %why, "redriven in vain: still unreadable"),
        }
    }
    taken.fresh = entry.outputs.clone();
    journal::write(&mut tx, &mut [entry]).await?;
    tx.commit().await?;
    Ok(taken)
}

/// A redrive that failed: the original stays the dead letter that it was, and the wish was heard. It makes no dead
/// letter of its own, or each try in vain would add one.
async fn in_vain(service: &'static str, db: &PgPool, command: &Delivery, why: &str) -> Result<Taken, Failed> {
    tracing::warn!(service, message_id = %command.id, why, "redriven in vain");
    let mut tx = db.begin().await?;
    journal::write(&mut tx, &mut [Entry { id: command.id, outputs: vec![], dead: false }]).await?;
    tx.commit().await?;
    Ok(Taken::default())
}
