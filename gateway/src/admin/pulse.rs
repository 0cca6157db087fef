//! How streams and consumers stand, and what went through them since they were looked at before.

use super::graph::Graph;
use async_nats::{Client, Request};
use chassis::{clock, provision};
use contracts::{STREAMS, Timestamp};
use futures_util::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, time::Duration};

/// How long JetStream may take to answer one question.
const PATIENCE: Duration = Duration::from_secs(1);
/// Questions at a time.
const AT_ONCE: usize = 8;
/// What the subjects of dead letters begin with; the service follows.
const DEAD: &str = "dead.";

/// One look at the flock.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Pulse {
    /// When.
    pub at: Timestamp,
    /// Milliseconds since the look before, which the counts of what happened are about; 0 in the first.
    pub over_ms: u64,
    /// What was told on each subject.
    pub told: BTreeMap<String, u64>,
    /// How each consumer stands.
    pub consumers: Vec<ConsumerPulse>,
    /// The dead letters of each service that has any.
    pub dead: BTreeMap<String, Dead>,
    /// Streams, and consumers as `stream/service`, that JetStream said nothing about.
    pub silent: Vec<String>,
}

/// How a service's consumer on a stream stands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ConsumerPulse {
    /// The service.
    pub service: &'static str,
    /// The stream.
    pub stream: &'static str,
    /// Messages that wait to be delivered: the lag.
    pub waiting: u64,
    /// Delivered, and not acknowledged yet.
    pub under_way: u64,
    /// Of those, delivered more than once.
    pub again: u64,
    /// Deliveries since the look before.
    pub delivered: u64,
}

/// Dead letters of a service.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub(crate) struct Dead {
    /// In the stream, so of the last 90 days; those that were redriven are among them.
    pub kept: u64,
    /// Since the look before.
    pub told: u64,
}

/// What JetStream said.
pub(crate) struct Look {
    at: Timestamp,
    streams: BTreeMap<&'static str, State>,
    consumers: Vec<(&'static str, &'static str, Option<ConsumerInfo>)>,
}

#[derive(Deserialize)]
struct StreamInfo {
    state: State,
}

#[derive(Deserialize)]
struct State {
    messages: u64,
    first_seq: u64,
    #[serde(default)]
    subjects: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct ConsumerInfo {
    delivered: Delivered,
    num_ack_pending: u64,
    num_redelivered: u64,
    num_pending: u64,
}

#[derive(Deserialize)]
struct Delivered {
    consumer_seq: u64,
}

impl Look {
    /// Asks about every stream and every consumer.
    pub async fn take(nats: &Client, graph: &Graph) -> Self {
        let streams = stream::iter(STREAMS.iter().copied()).map(async |known| {
            let info: Option<StreamInfo> =
                ask(nats, provision::stream_info(known.name), r#"{"subjects_filter":">"}"#).await;
            Some((known.name, info?.state))
        });
        let streams = streams.buffered(AT_ONCE).filter_map(async |found| found).collect().await;
        let consumers = stream::iter(graph.consumers.iter().copied()).map(async |consumer| {
            let info = ask(nats, provision::consumer_info(consumer.stream, consumer.service), "").await;
            (consumer.service, consumer.stream, info)
        });
        let consumers = consumers.buffered(AT_ONCE).collect().await;
        Self { at: clock::now(), streams, consumers }
    }

    /// What is to be told, given what was seen before.
    pub fn pulse(&self, before: Option<&Self>) -> Pulse {
        let over_ms = before.map_or(0, |before| self.at.millis().saturating_sub(before.at.millis()));
        let silent = STREAMS.iter().filter(|stream| !self.streams.contains_key(stream.name));
        let mut silent: Vec<String> = silent.map(|stream| stream.name.to_owned()).collect();
        let (mut told, mut dead) = (BTreeMap::new(), BTreeMap::new());
        for (name, state) in &self.streams {
            let before = before.and_then(|before| before.streams.get(name));
            for (subject, count) in &state.subjects {
                let fresh = before.map_or(0, |before| before.told_until(state, subject));
                if let Some(service) = subject.strip_prefix(DEAD) {
                    dead.insert(service.to_owned(), Dead { kept: *count, told: fresh });
                } else {
                    told.insert(subject.clone(), fresh);
                }
            }
        }
        let mut consumers = Vec::with_capacity(self.consumers.len());
        for (place, (service, stream, info)) in self.consumers.iter().enumerate() {
            let Some(info) = info else {
                silent.push(format!("{stream}/{service}"));
                continue;
            };
            let before = before.and_then(|before| before.consumers.get(place)?.2.as_ref());
            consumers.push(ConsumerPulse {
                service,
                stream,
                waiting: info.num_pending,
                under_way: info.num_ack_pending,
                again: info.num_redelivered,
                delivered: before.map_or(0, |before| {
                    info.delivered.consumer_seq.saturating_sub(before.delivered.consumer_seq)
                }),
            });
        }
        Pulse { at: self.at, over_ms: over_ms.unsigned_abs(), told, consumers, dead, silent }
    }
}

impl State {
    /// How many were told on a subject between this state and a later one. What the stream dropped meanwhile by age is
    /// shared out by how the subjects were mixed: an estimate, exact while nothing is dropped.
    fn told_until(&self, later: &Self, subject: &str) -> u64 {
        let count = |state: &Self| state.subjects.get(subject).copied().unwrap_or_default();
        let dropped = later.first_seq.saturating_sub(self.first_seq).min(self.messages);
        let dropped = dropped.saturating_mul(count(self)).checked_div(self.messages).unwrap_or_default();
        count(later).saturating_add(dropped).saturating_sub(count(self))
    }
}

/// What JetStream says; none if it says nothing, or that there is no such thing.
async fn ask<T: DeserializeOwned>(nats: &Client, subject: String, question: &'static str) -> Option<T> {
    let request = Request::new().payload(question.into()).timeout(Some(PATIENCE));
    let answer = nats.send_request(subject, request).await.ok()?;
    serde_json::from_slice(&answer.payload).ok()
}

#[cfg(test)]
mod tests {
    use super::State;
    use std::collections::BTreeMap;

    fn state(first_seq: u64, subjects: &[(&str, u64)]) -> State {
        let subjects: BTreeMap<String, u64> =
            subjects.iter().map(|(subject, count)| ((*subject).to_owned(), *count)).collect();
        State { messages: subjects.values().sum(), first_seq, subjects }
    }

    #[test]
    fn what_was_told_is_counted_also_while_the_stream_drops_its_oldest() {
        let before = state(1, &[("a", 60), ("b", 40)]);
        let grown = state(1, &[("a", 65), ("b", 40), ("c", 2)]);
        assert_eq!(["a", "b", "c"].map(|subject| before.told_until(&grown, subject)), [5, 0, 2]);
        // Ten were dropped, six of them a's: what stays the same in number was told as often as it was dropped.
        let rolled = state(11, &[("a", 60), ("b", 40)]);
        assert_eq!(["a", "b"].map(|subject| before.told_until(&rolled, subject)), [6, 4]);
        let made_anew = state(1, &[("a", 1)]);
        assert_eq!(before.told_until(&made_anew, "a"), 0);
        assert_eq!(state(1, &[]).told_until(&grown, "a"), 65);
    }
}
