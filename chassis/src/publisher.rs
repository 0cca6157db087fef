//! Publishing durably: atomic batches where many wait, pipelined singles where few do, and after every doubt.
//!
//! Batches follow ADR-50. A duplicate id rejects a whole batch, so what may be known already goes as singles.

use crate::{
    Outgoing, Tasks,
    connect::Nats,
    telemetry::{self, Letter, Step},
};
use async_nats::{HeaderMap, HeaderName, HeaderValue, Request, connection::State};
use contracts::{
    HEADER_CAUSATION, HEADER_ID, HEADER_SUBJECT, HEADER_TIME, HEADER_TRACE, HEADER_TYPE, stream_of,
};
use futures_util::future::join_all;
use std::{collections::BTreeMap, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use uuid::Uuid;

/// From so many messages on, an atomic batch (one sync, but a staging store to make) beats singles (a sync each).
const BATCH_FROM: usize = 8;
/// JetStream's limit of an atomic batch.
const BATCH_MAX: usize = 1_000;
/// Bytes of one batch, well below the server's buffers.
const BATCH_BYTES: usize = 8 << 20;
/// A group commit collects only after one of so many submissions.
const COLLECT_FROM: usize = 4;
/// Longest time for which a group commit collects.
const COLLECT_MAX: Duration = Duration::from_millis(20);
/// Messages that wait for the group commit; more are made to wait.
const QUEUE: usize = 4_096;
/// Time for one message from submission to acknowledgement, where the sender waits for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause after a failure, at first; it doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(50);
/// Longest pause between tries.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Why messages were not acknowledged.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PublishError {
    /// Certainly not stored: nothing was sent.
    #[error("not published: {0}")]
    Refused(String),
    /// No acknowledgement in time: stored or not. The same ids may be published again.
    #[error("outcome unknown: {0}")]
    Unknown(String),
}

impl PublishError {
    /// Its kind, for spans.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) => "not published",
            Self::Unknown(_) => "not acknowledged",
        }
    }
}

/// Begins the span of sending a message, which carries it on.
fn trace(service: &'static str, message: &mut Outgoing) -> Option<Step> {
    let Outgoing { subject, about, trace, .. } = message;
    let letter = Letter { service, subject, about: Some(*about), trace: trace.as_deref() };
    let step = telemetry::send(&letter)?;
    *trace = Some(step.traceparent());
    Some(step)
}

/// Publishes for many senders at once: what is submitted while a batch is on its way makes the next batch.
#[derive(Clone)]
pub struct Publisher {
    nats: Nats,
    queue: mpsc::Sender<Submission>,
}

struct Submission {
    messages: Vec<Outgoing>,
    /// Some of them may be in the stream already.
    again: bool,
    until: Instant,
    done: oneshot::Sender<Result<(), PublishError>>,
}

impl Publisher {
    /// Starts the group commit.
    #[must_use]
    pub fn start(nats: Nats, tasks: &Tasks) -> Self {
        let (send, receive) = mpsc::channel(QUEUE);
        tasks.spawn(commit_groups(nats.clone(), receive));
        Self { nats, queue: send }
    }

    /// Publishes new messages, and waits for JetStream's acknowledgement.
    ///
    /// # Errors
    /// After five seconds, or at once when there is no connection.
    pub async fn publish(&self, messages: Vec<Outgoing>) -> Result<(), PublishError> {
        self.submit(messages, false).await
    }

    /// The same for messages that may have been published before: never in a batch, which a duplicate would spoil.
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub async fn publish_again(&self, messages: Vec<Outgoing>) -> Result<(), PublishError> {
        self.submit(messages, true).await
    }

    async fn submit(&self, messages: Vec<Outgoing>, again: bool) -> Result<(), PublishError> {
        let mut messages = messages;
        let sends: Vec<Step> =
            messages.iter_mut().filter_map(|message| trace(self.nats.user, message)).collect();
        let outcome = self.submit_traced(messages, again).await;
        if let Err(error) = &outcome {
            sends.iter().for_each(|send| send.failed(error.kind()));
        }
        outcome
    }

    async fn submit_traced(&self, messages: Vec<Outgoing>, again: bool) -> Result<(), PublishError> {
        if self.nats.client.connection_state() != State::Connected {
            return Err(PublishError::Refused("not connected to NATS".into()));
        }
        let (done, outcome) = oneshot::channel();
        let until = Instant::now() + PATIENCE;
        let submission = Submission { messages, again, until, done };
        let sent = tokio::time::timeout_at(until, self.queue.send(submission)).await;
        match sent {
            Ok(Ok(())) => match tokio::time::timeout_at(until, outcome).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err(PublishError::Unknown("stopping".into())),
                Err(_) => Err(PublishError::Unknown("no acknowledgement in time".into())),
            },
            Ok(Err(_)) => Err(PublishError::Refused("stopping".into())),
            Err(_) => Err(PublishError::Refused("too much is waiting to be published".into())),
        }
    }
}

/// Ends when all handles are dropped.
async fn commit_groups(nats: Nats, mut submissions: mpsc::Receiver<Submission>) {
    let mut waiting = Vec::with_capacity(BATCH_MAX);
    let (mut before, mut took) = (0, Duration::ZERO);
    while submissions.recv_many(&mut waiting, BATCH_MAX).await > 0 {
        // Under load, a group that waits as long as the last one took has twice the size, and costs half as much a
        // message. When little comes, who waits only makes its sender wait.
        if before >= COLLECT_FROM {
            tokio::time::sleep(took.min(COLLECT_MAX)).await;
            let room = BATCH_MAX.saturating_sub(waiting.len());
            if room > 0 && !submissions.is_empty() {
                submissions.recv_many(&mut waiting, room).await;
            }
        }
        let began = Instant::now();
        before = waiting.len();
        let (again, fresh): (Vec<_>, Vec<_>) = waiting.drain(..).partition(|submission| submission.again);
        // One that repeats itself must not make the others wait for its doubts.
        join_all([commit(&nats, fresh, true), commit(&nats, again, false)]).await;
        took = began.elapsed();
    }
}

async fn commit(nats: &Nats, mut group: Vec<Submission>, fresh: bool) {
    let now = Instant::now();
    group.retain(|submission| submission.until > now);
    let Some(until) = group.iter().map(|submission| submission.until).min() else { return };
    let messages: Vec<Outgoing> =
        group.iter_mut().flat_map(|submission| std::mem::take(&mut submission.messages)).collect();
    let outcome = publish_until(nats, &messages, fresh, Some(until)).await;
    for submission in group {
        drop(submission.done.send(outcome.clone()));
    }
}

/// Publishes messages of any streams until all are acknowledged or the time is over.
pub(crate) async fn publish_until(
    nats: &Nats,
    messages: &[Outgoing],
    fresh: bool,
    until: Option<Instant>,
) -> Result<(), PublishError> {
    let mut streams: BTreeMap<&str, Vec<&Outgoing>> = BTreeMap::new();
    for message in messages {
        let stream = stream_of(&message.subject).map_or("", |stream| stream.name);
        streams.entry(stream).or_default().push(message);
    }
    let each = streams.into_values().map(|messages| publish_to_one(nats, messages, fresh, until));
    join_all(each).await.into_iter().collect()
}

async fn publish_to_one(
    nats: &Nats,
    messages: Vec<&Outgoing>,
    fresh: bool,
    until: Option<Instant>,
) -> Result<(), PublishError> {
    for chunk in chunks(&messages) {
        let began = Instant::now();
        if fresh && chunk.len() >= BATCH_FROM {
            match publish_batch(nats, chunk).await {
                Ok(()) => {
                    telemetry::published(nats.user, "batch", chunk.len(), began.elapsed());
                    continue;
                }
                // A duplicate, a change of leader, a lost answer: the same messages go as singles.
                Err(why) => tracing::info!(
                    messages = chunk.len(),
                    why,
                    "atomic batch rejected, going on with singles"
                ),
            }
        }
        publish_singles(nats, chunk.to_vec(), until).await?;
        telemetry::published(nats.user, "single", chunk.len(), began.elapsed());
    }
    Ok(())
}

/// Cuts where a batch has its full number or size.
fn chunks<'a, 'b>(messages: &'b [&'a Outgoing]) -> Vec<&'b [&'a Outgoing]> {
    let (mut chunks, mut start, mut bytes) = (vec![], 0, 0);
    for (index, message) in messages.iter().enumerate() {
        if index > start && (index - start == BATCH_MAX || bytes + message.body.len() > BATCH_BYTES) {
            chunks.push(&messages[start..index]);
            (start, bytes) = (index, 0);
        }
        bytes += message.body.len();
    }
    chunks.push(&messages[start..]);
    chunks
}

async fn publish_batch(nats: &Nats, messages: &[&Outgoing]) -> Result<(), String> {
    let batch = HeaderValue::from(Uuid::new_v4().simple().to_string());
    let last = messages.len();
    for (number, message) in (1_usize..).zip(messages) {
        let mut headers = headers_of(message);
        headers.insert(HeaderName::from_static("Nats-Batch-Id"), batch.clone());
        headers.insert(HeaderName::from_static("Nats-Batch-Sequence"), HeaderValue::from(number.to_string()));
        let (subject, body) = (message.subject.to_string(), message.body.clone());
        if number < last {
            let sent = nats.client.publish_with_headers(subject, headers, body).await;
            sent.map_err(|error| error.to_string())?;
            continue;
        }
        headers.insert(HeaderName::from_static("Nats-Batch-Commit"), "1");
        let request = Request::new().headers(headers).payload(body);
        let reply = nats.client.send_request(subject, request).await.map_err(|error| error.to_string())?;
        return acknowledged(&reply.payload);
    }
    Ok(())
}

async fn publish_singles(
    nats: &Nats,
    mut messages: Vec<&Outgoing>,
    until: Option<Instant>,
) -> Result<(), PublishError> {
    let mut pause = PAUSE;
    loop {
        let outcomes = join_all(messages.iter().map(|message| publish_single(nats, message))).await;
        let mut why = None;
        let mut outcomes = outcomes.into_iter();
        messages.retain(|_| match outcomes.next() {
            Some(Err(error)) => {
                why = Some(error);
                true
            }
            Some(Ok(())) | None => false,
        });
        let Some(why) = why else { return Ok(()) };
        tracing::warn!(messages = messages.len(), why, "not acknowledged, publishing again");
        if until.is_some_and(|until| Instant::now() + pause >= until) {
            return Err(PublishError::Unknown(why));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

async fn publish_single(nats: &Nats, message: &Outgoing) -> Result<(), String> {
    let request = Request::new().headers(headers_of(message)).payload(message.body.clone());
    let reply = nats.client.send_request(message.subject.to_string(), request).await;
    acknowledged(&reply.map_err(|error| error.to_string())?.payload)
}

/// JetStream's answer: `{"stream":…,"seq":…}`, or `{"error":{…}}`.
fn acknowledged(answer: &[u8]) -> Result<(), String> {
    if answer.starts_with(b"{\"error\"") || answer.windows(8).any(|window| window == b"\"error\":") {
        return Err(String::from_utf8_lossy(answer).into_owned());
    }
    Ok(())
}

fn headers_of(message: &Outgoing) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut put =
        |name: &'static str, value: HeaderValue| headers.insert(HeaderName::from_static(name), value);
    put(HEADER_ID, HeaderValue::from(message.id.to_string()));
    put(HEADER_TYPE, HeaderValue::from(message.ce_type.as_ref()));
    put(HEADER_TIME, HeaderValue::from(contracts::Timestamp::from_millis(message.at_millis).to_string()));
    put(HEADER_SUBJECT, HeaderValue::from(message.about.to_string()));
    if let Some(causation) = message.causation {
        put(HEADER_CAUSATION, HeaderValue::from(causation.to_string()));
    }
    if let Some(trace) = &message.trace {
        put(HEADER_TRACE, HeaderValue::from(trace.as_str()));
    }
    headers
}
