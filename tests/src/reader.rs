//! Reading all that a stream holds.

use crate::Flock;
use async_nats::{
    Message,
    jetstream::{
        self,
        consumer::{AckPolicy, pull},
    },
};
use futures_util::StreamExt;
use std::time::Duration;
use tokio::time::sleep;

/// Messages asked for at once.
const BATCH: usize = 2_000;
/// How long to wait for them.
const PATIENCE: Duration = Duration::from_secs(20);
/// Questions in a row that may bring nothing: in a cluster not every node knows at once of a reader that was just made.
const IN_VAIN: usize = 5;
/// Pause before asking again.
const PAUSE: Duration = Duration::from_millis(500);

impl Flock {
    /// Hands every message of a stream to `each`; with `headers_only` without its body.
    pub async fn read_stream(&self, stream: &str, headers_only: bool, mut each: impl FnMut(&Message)) {
        let jetstream = jetstream::new(self.nats().await);
        let stream = jetstream.get_stream(stream).await.expect("the stream is there");
        let config = pull::Config { ack_policy: AckPolicy::None, headers_only, ..Default::default() };
        let reader = stream.create_consumer(config).await.expect("a reader");
        let (mut waiting, mut in_vain) = (reader.cached_info().num_pending, 0);
        while waiting > 0 {
            let batch = reader.fetch().max_messages(BATCH).expires(PATIENCE).messages().await;
            let mut batch = batch.expect("messages");
            let (before, mut end) = (waiting, None);
            while let Some(message) = batch.next().await {
                match message {
                    Ok(message) => {
                        waiting = message.info().expect("it comes from a stream").pending;
                        each(&message);
                    }
                    Err(error) => end = Some(error),
                }
            }
            if waiting == before {
                in_vain += 1;
                assert!(in_vain < IN_VAIN, "the stream goes on: {end:?}");
                sleep(PAUSE).await;
            }
        }
    }
}
