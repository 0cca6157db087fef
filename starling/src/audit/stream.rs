//! Reading the headers of all messages of a stream.

use anyhow::Context;
use async_nats::{
    HeaderMap,
    jetstream::{
        self,
        consumer::{AckPolicy, pull},
    },
};
use chassis::{connect, provision::PROVISIONER, settings};
use contracts::MessageId;
use futures_util::{StreamExt, TryStreamExt};
use std::time::Duration;

/// Messages asked for at once.
const BATCH: usize = 2_000;
/// The reader is forgotten by the server so long after its last question.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30);

/// Hands the id, the headers and the time stored (in milliseconds since 1970) of every message to `each`. Signs in as the
/// provisioner, the one who may make consumers: this one is gone when its reader is.
///
/// # Errors
/// When the stream cannot be read.
pub async fn headers(
    places: &settings::Parts,
    stream: &str,
    subject: &str,
    mut each: impl FnMut(MessageId, &HeaderMap, i64),
) -> anyhow::Result<usize> {
    let nats = connect::nats(places, PROVISIONER).await?;
    let stream = jetstream::new(nats.client.clone()).get_stream(stream).await?;
    let config = pull::Config {
        filter_subject: subject.to_owned(),
        ack_policy: AckPolicy::None,
        headers_only: true,
        inactive_threshold: FORGOTTEN_AFTER,
        ..Default::default()
    };
    let consumer = stream.create_consumer(config).await.context("a reader")?;
    let mut waiting = consumer.cached_info().num_pending;
    let mut read = 0;
    while waiting > 0 {
        let mut messages = consumer.fetch().max_messages(BATCH).messages().await?.into_stream();
        let before = read;
        while let Some(message) = messages.next().await {
            let message = message.map_err(|error| anyhow::anyhow!("reading a stream: {error}"))?;
            let info = message.info().map_err(|error| anyhow::anyhow!("reading a stream: {error}"))?;
            waiting = info.pending;
            let stored_ns = i64::try_from(info.published.unix_timestamp_nanos())?;
            let none = HeaderMap::new();
            let headers = message.headers.as_ref().unwrap_or(&none);
            let sequence = i64::try_from(info.stream_sequence)?;
            let id = chassis::message_id(headers, info.stream, sequence, stored_ns);
            each(id, headers, stored_ns / 1_000_000);
            read += 1;
        }
        anyhow::ensure!(read > before, "a stream ended {waiting} messages early");
    }
    Ok(read)
}
