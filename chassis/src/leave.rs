//! Leaving a subscription without losing what the server has sent already.

use async_nats::{Message, Subscriber};
use futures_util::StreamExt;
use std::time::Duration;

/// How long the rest may take to come: without a connection nothing comes, and nobody says so.
const REST: Duration = Duration::from_secs(1);

/// Tells the server to send no more. What it had sent by then is still to be read ([`rest`]).
///
/// The client takes what it can read once the server was told, and then ends the subscription: what comes later than
/// that is lost, as on a crash.
pub(crate) async fn leave(messages: &mut Subscriber) {
    // Refused only where there is no client any more: nothing comes then.
    drop(messages.drain().await);
}

/// The next of what had been sent; none at the end.
pub(crate) async fn rest(messages: &mut Subscriber) -> Option<Message> {
    tokio::time::timeout(REST, messages.next()).await.ok().flatten()
}
