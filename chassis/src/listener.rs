//! Consumers that keep what they hear in another kind of store: no Postgres, no events of their own.

use bytes::Bytes;
use contracts::{Envelope, MessageInfo};
use std::future::Future;

/// Takes batches of messages. It must be idempotent by message id, since a batch may come again.
pub trait Listener: Send + Sync + 'static {
    /// The messages that it hears.
    const HEARS: &'static [&'static MessageInfo];

    /// Keeps a batch; it is acknowledged when this returns, and comes again, later and later, when it fails.
    fn keep(&self, batch: &[Record]) -> impl Future<Output = Result<(), anyhow::Error>> + Send;
}

/// A message as it came.
#[derive(Debug, Clone)]
pub struct Record {
    /// Where it came from.
    pub subject: String,
    /// Its attributes.
    pub envelope: Envelope,
    /// Its body: JSON, unread.
    pub body: Bytes,
}

pub(crate) async fn run<L: Listener>(parts: crate::service::Parts, _l: L) {
    parts.tasks.stop().cancelled().await
}
