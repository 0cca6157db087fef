//! Reading all messages of a stream, without their bodies.

use anyhow::Context;
use async_nats::{
    HeaderMap,
    jetstream::{
        self,
        consumer::{AckPolicy, Consumer, DeliverPolicy, pull},
    },
};
use chassis::{connect, provision::PROVISIONER, settings};
use contracts::MessageId;
use futures_util::{StreamExt, TryStreamExt};
use std::time::Duration;

/// Messages asked for at once.
const BATCH: usize = 2_000;
/// The reader is forgotten by the server so long after its last question: longer than what is done with a page takes, also
/// where databases are busy.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(5 * 60);

/// Before it is asked again: in a cluster not every node knows at once of a reader that was just made.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(50), Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];

/// A message as it lies in its stream.
pub struct Stored {
    /// Its id.
    pub id: MessageId,
    /// Its subject.
    pub subject: String,
    /// Its place in the stream.
    pub sequence: u64,
    /// When it was stored, in milliseconds since 1970.
    pub stored_ms: i64,
    /// Its headers.
    pub headers: HeaderMap,
}

/// Reads a stream page by page, to what was its end when the reading began: while it grows, its end is never reached.
pub struct Reader {
    consumer: Consumer<pull::Config>,
    waiting: u64,
}

impl Reader {
    /// Begins to read the messages of one subject (or of several: `payment.>`), as the provisioner, the one who may
    /// make consumers: this one is gone when its reader is.
    ///
    /// # Errors
    /// When there is no such stream.
    pub async fn open(
        nats: &connect::Nats,
        stream: &str,
        subject: &str,
        from: DeliverPolicy,
    ) -> anyhow::Result<Self> {
        let jetstream = jetstream::new(nats.client.clone());
        let stream = jetstream.get_stream(stream).await.with_context(|| format!("stream {stream}"))?;
        let config = pull::Config {
            filter_subject: subject.to_owned(),
            deliver_policy: from,
            ack_policy: AckPolicy::None,
            headers_only: true,
            inactive_threshold: FORGOTTEN_AFTER,
            ..Default::default()
        };
        let consumer = stream.create_consumer(config).await.context("a reader")?;
        let waiting = consumer.cached_info().num_pending;
        Ok(Self { consumer, waiting })
    }

    /// The next messages, oldest first; nothing after the last.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub async fn page(&mut self) -> anyhow::Result<Option<Vec<Stored>>> {
        if self.waiting == 0 {
            return Ok(None);
        }
        for pause in PAUSES {
            let page = self.some().await?;
            if !page.is_empty() {
                return Ok(Some(page));
            }
            tokio::time::sleep(pause).await;
        }
        anyhow::bail!("a stream ended {} messages early", self.waiting)
    }

    /// What one question brings; nothing when it was not answered.
    async fn some(&mut self) -> anyhow::Result<Vec<Stored>> {
        let mut messages = self.consumer.fetch().max_messages(BATCH).messages().await?.into_stream();
        let mut page = Vec::with_capacity(BATCH);
        while let Some(message) = messages.next().await {
            let message = match message {
                Ok(message) => message,
                Err(error) => {
                    tracing::debug!(%error, "reading a stream");
                    break;
                }
            };
            let info = message.info().map_err(|error| anyhow::anyhow!("reading a stream: {error}"))?;
            self.waiting = info.pending.min(self.waiting.saturating_sub(1));
            let (sequence, stored_ns) =
                (info.stream_sequence, i64::try_from(info.published.unix_timestamp_nanos())?);
            let none = HeaderMap::new();
            let headers = message.headers.as_ref().unwrap_or(&none);
            let id = chassis::message_id(headers, info.stream, i64::try_from(sequence)?, stored_ns);
            let (subject, headers) = (message.subject.to_string(), headers.clone());
            page.push(Stored { id, subject, sequence, stored_ms: stored_ns / 1_000_000, headers });
        }
        Ok(page)
    }
}

/// Hands the id, the headers and the time stored (in milliseconds since 1970) of every message to `each`.
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
    let mut reader = Reader::open(&nats, stream, subject, DeliverPolicy::All).await?;
    let mut read = 0;
    while let Some(page) = reader.page().await? {
        for message in &page {
            each(message.id, &message.headers, message.stored_ms);
        }
        read += page.len();
    }
    Ok(read)
}
