//! Publishing durably: atomic batches where many wait, pipelined singles where few do, and after every doubt.
//!
//! Batches follow ADR-50. A duplicate id rejects a whole batch, so what may be known already goes as singles.

use crate::{Outgoing, connect::Nats, telemetry};
use async_nats::{HeaderMap, HeaderName, HeaderValue, Request};
use contracts::{
    HEADER_CAUSATION, HEADER_ID, HEADER_SUBJECT, HEADER_TIME, HEADER_TRACE, HEADER_TYPE, stream_of,
};
use futures_util::future::join_all;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;
use uuid::Uuid;

/// From so many messages on, an atomic batch (one sync, but a staging store to make) beats singles (a sync each).
/// Measured with 8 to 200: `bench/README.md`.
const BATCH_FROM: usize = 16;
/// JetStream's limit of an atomic batch.
pub(crate) const BATCH_MAX: usize = 1_000;
/// Bytes of one batch, well below the server's buffers.
const BATCH_BYTES: usize = 8 << 20;
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
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) => "not published",
            Self::Unknown(_) => "not acknowledged",
        }
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
