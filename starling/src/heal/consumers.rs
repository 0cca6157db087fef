//! Consumers that are ahead of their stream: what was stored since under numbers that they have behind them was passed
//! over, and never comes by itself.
//!
//! Every message that a service took is in its memory (its journal, or the payment log). So what lies below an
//! acknowledgement floor and is in no memory was passed over, whatever the numbers look like by now.

use super::{
    Patient, Reset, ago,
    held::Held,
    log::{self, PaymentLog},
};
use crate::{
    audit::stream::{Reader, Stored},
    flock,
    operator::ConsumerState,
};
use anyhow::{Context, bail};
use async_nats::jetstream::consumer::DeliverPolicy;
use chassis::{JournalReader, connect, provision};
use contracts::{HEADER_TIME, MessageId, Stream, Timestamp};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

/// Before the time that is healed: clocks differ, and what is recorded may be stored later.
const MARGIN: Duration = Duration::from_secs(10 * 60);
/// Messages that were decided longer ago are not judged: journals forget them soon after.
const JUDGED: Duration = Duration::from_secs(14 * 86_400);
/// Placements are looked for as far back as the gateway remembers keys.
const COMMANDS_AT_LEAST: Duration = Duration::from_secs(25 * 3_600);

/// Where a service keeps what it took.
#[derive(Clone, Copy)]
enum Memory<'a> {
    Journal(&'a JournalReader),
    Log(&'a PaymentLog),
}

/// A service's consumer on a stream.
struct Hearer<'a> {
    service: &'static str,
    subjects: Vec<String>,
    /// Before the stream was read.
    state: ConsumerState,
    memory: Option<Memory<'a>>,
    first_passed_over: Option<u64>,
    passed_over: usize,
}

/// Reads a stream: notes what it holds, and sets consumers back that passed something over.
pub async fn look(patient: &Patient, stream: &'static Stream, held: &mut Held) -> anyhow::Result<Vec<Reset>> {
    // Consumers first: what they have behind them by now must be in memories by now.
    let mut hearers = hearers(patient, stream.name).await?;
    let horizon = ago(JUDGED);
    let mut reader = Reader::open(&patient.provisioner, stream.name, "", start(patient, stream)?).await?;
    while let Some(page) = reader.page().await? {
        held.add(stream.name, &page);
        for hearer in &mut hearers {
            hearer.look(&page, horizon).await?;
        }
    }
    held.close(stream.name);
    eprintln!("{}: {} messages are there", stream.name, held.count(stream.name));
    let last = patient.operator.stream(stream.name).await?.last_seq;
    let mut resets = vec![];
    for hearer in hearers {
        let Some(sequence) = hearer.set_back_to(last) else { continue };
        if !patient.dry_run {
            set_back(&patient.provisioner, stream.name, hearer.service, sequence).await?;
        }
        let (service, passed_over) = (hearer.service, hearer.passed_over);
        resets.push(Reset { service, stream: stream.name, sequence, passed_over });
    }
    Ok(resets)
}

async fn hearers<'a>(patient: &'a Patient, stream: &'static str) -> anyhow::Result<Vec<Hearer<'a>>> {
    let mut hearers = vec![];
    for wiring in flock::wiring().services {
        let Some(subjects) = provision::consumers(&wiring).remove(stream) else { continue };
        let service = wiring.name;
        let state = patient.operator.consumer(stream, service).await;
        let state = state.context("a consumer is missing: `starling provision` comes first")?;
        let logged = patient.log.as_ref().filter(|_| service == log::SERVICE);
        let memory = patient.journal(service).map(Memory::Journal).or(logged.map(Memory::Log));
        hearers.push(Hearer { service, subjects, state, memory, first_passed_over: None, passed_over: 0 });
    }
    Ok(hearers)
}

/// Where reading begins.
fn start(patient: &Patient, stream: &Stream) -> anyhow::Result<DeliverPolicy> {
    // Products are told once and kept for ever: age says nothing.
    let Some(since) = patient.since.filter(|_| stream.max_age_days.is_some()) else {
        return Ok(DeliverPolicy::All);
    };
    let from = Timestamp::from_millis(since.millis() - i64::try_from(MARGIN.as_millis())?);
    let from = if stream.name == "COMMANDS" { from.min(ago(COMMANDS_AT_LEAST)) } else { from };
    Ok(DeliverPolicy::ByStartTime { start_time: from.inner() })
}

impl Hearer<'_> {
    /// Looks for what was passed over.
    async fn look(&mut self, page: &[Stored], horizon: Timestamp) -> anyhow::Result<()> {
        let Some(memory) = self.memory else { return Ok(()) };
        let behind = |message: &&Stored| {
            message.sequence <= self.state.ack_floor.stream_seq
                && self.subjects.contains(&message.subject)
                && decided_at(message) >= horizon
        };
        let behind: Vec<&Stored> = page.iter().filter(behind).collect();
        if behind.is_empty() {
            return Ok(());
        }
        let ids: BTreeSet<MessageId> = behind.iter().map(|message| message.id).collect();
        let unknown = match memory {
            Memory::Journal(journal) => journal.unknown(&ids).await?,
            Memory::Log(log) => log.unknown(&ids).await?,
        };
        let first = behind.iter().find(|message| unknown.contains(&message.id));
        self.first_passed_over = self.first_passed_over.or(first.map(|message| message.sequence));
        self.passed_over += unknown.len();
        Ok(())
    }

    /// From where it must hear again, if it must.
    fn set_back_to(&self, last: u64) -> Option<u64> {
        let ConsumerState { delivered, ack_floor, .. } = &self.state;
        let ahead = delivered.stream_seq > last || ack_floor.stream_seq > last;
        let end = ahead.then(|| ack_floor.stream_seq.min(last) + 1);
        self.first_passed_over.into_iter().chain(end).min()
    }
}

fn decided_at(message: &Stored) -> Timestamp {
    let said = message.headers.get(HEADER_TIME).and_then(|time| Timestamp::parse(time.as_str()).ok());
    said.unwrap_or_else(|| Timestamp::from_millis(message.stored_ms))
}

/// Has a consumer begin at a message again; what it knows it finds in its memory.
async fn set_back(nats: &connect::Nats, stream: &str, service: &str, sequence: u64) -> anyhow::Result<()> {
    let (api, ask) = (format!("$JS.API.CONSUMER.RESET.{stream}.{service}"), json!({ "seq": sequence }));
    let reply = nats.client.request(api.clone(), ask.to_string().into()).await;
    let reply: Value = serde_json::from_slice(&reply.with_context(|| api.clone())?.payload)?;
    if let Some(error) = reply.get("error") {
        bail!("{api}: {error}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Floor;

    #[track_caller]
    fn check(delivered: u64, floor: u64, first_passed_over: Option<u64>, last: u64, expected: Option<u64>) {
        let floor_at = |stream_seq| Floor { stream_seq };
        let (delivered, ack_floor) = (floor_at(delivered), floor_at(floor));
        let state = ConsumerState { num_pending: 0, num_ack_pending: 0, delivered, ack_floor };
        let hearer = Hearer {
            service: "inventory",
            subjects: vec![],
            state,
            memory: None,
            first_passed_over,
            passed_over: 0,
        };
        assert_eq!(hearer.set_back_to(last), expected);
    }

    #[test]
    fn a_consumer_within_its_stream_that_passed_nothing_over_stays() {
        check(90, 80, None, 100, None);
        check(100, 100, None, 100, None);
    }

    #[test]
    fn a_consumer_beyond_its_streams_end_goes_on_at_that_end() {
        check(150, 150, None, 100, Some(101));
        check(150, 90, None, 100, Some(91));
        check(1, 1, None, 0, Some(1));
    }

    #[test]
    fn what_was_passed_over_is_heard_again_though_the_stream_has_grown_past_the_floor() {
        check(150, 150, Some(101), 200, Some(101));
        check(150, 150, Some(101), 120, Some(101));
    }
}
