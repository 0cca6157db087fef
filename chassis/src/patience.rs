//! Asking JetStream to make something, while its cluster may be choosing a leader: then nobody answers, or somebody says
//! that nobody can.

use async_nats::jetstream::{
    Error,
    context::{CreateStreamError, CreateStreamErrorKind},
    stream::{ConsumerError, ConsumerErrorKind},
};
use std::{fmt::Display, time::Duration};

/// So often is it asked; each time it gets the client's five seconds.
const TRIES: u32 = 6;
/// Before it is asked again.
const PAUSE: Duration = Duration::from_millis(500);
/// What JetStream says when it cannot at present (as HTTP does).
const UNAVAILABLE: usize = 503;

/// An error that may be over soon.
pub(crate) trait Passing: Display {
    fn passes(&self) -> bool;
}

impl Passing for CreateStreamError {
    fn passes(&self) -> bool {
        use CreateStreamErrorKind as Kind;
        match self.kind() {
            Kind::TimedOut => true,
            Kind::JetStream(error) => is_unavailable(&error),
            Kind::EmptyStreamName
            | Kind::InvalidStreamName
            | Kind::DomainAndExternalSet
            | Kind::JetStreamUnavailable
            | Kind::Response
            | Kind::NotFound
            | Kind::ResponseParse => false,
        }
    }
}

impl Passing for ConsumerError {
    fn passes(&self) -> bool {
        use ConsumerErrorKind as Kind;
        match self.kind() {
            Kind::TimedOut => true,
            Kind::JetStream(error) => is_unavailable(&error),
            Kind::Request | Kind::InvalidConsumerType | Kind::InvalidName | Kind::Other => false,
        }
    }
}

fn is_unavailable(error: &Error) -> bool {
    error.code() == UNAVAILABLE
}

/// Asks again while nobody is there to answer. What is asked for must do no harm when it is done twice.
pub(crate) async fn patiently<T, E: Passing>(
    what: &str,
    ask: impl AsyncFn() -> Result<T, E>,
) -> Result<T, E> {
    for _ in 1..TRIES {
        match ask().await {
            Err(error) if error.passes() => {
                tracing::warn!(what, %error, "not made yet, asked again");
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
    ask().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// How often it was asked, and whether it came to something.
    async fn asked(error: CreateStreamErrorKind, times: u32) -> (u32, bool) {
        let asked = AtomicU32::new(0);
        let ask = async || match asked.fetch_add(1, Ordering::Relaxed) {
            number if number < times => Err(CreateStreamError::new(error.clone())),
            _ => Ok(()),
        };
        let made = patiently("a stream", ask).await.is_ok();
        (asked.into_inner(), made)
    }

    #[tokio::test]
    async fn only_silence_is_waited_out_and_not_for_ever() {
        assert_eq!(asked(CreateStreamErrorKind::TimedOut, 2).await, (3, true));
        assert_eq!(asked(CreateStreamErrorKind::TimedOut, 100).await, (TRIES, false));
        assert_eq!(asked(CreateStreamErrorKind::InvalidStreamName, 1).await, (1, false));
    }
}
