//! Why a batch could not be taken, and what that calls for.

use crate::connect;
use futures_util::FutureExt;
use std::{future::Future, panic::AssertUnwindSafe};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    #[error("an output of {0} bytes is larger than a stream takes")]
    TooLarge(usize),
    #[error("an output could not be written: {0}")]
    Unwritable(#[from] serde_json::Error),
    #[error("panicked: {0}")]
    Panicked(String),
}

/// What a failure calls for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The database is away or busy: the same again, later.
    Wait,
    /// Another replica was first: the same again, now.
    Again,
    /// The message is at fault.
    Bury,
}

impl Failed {
    /// Its kind, for spans: nothing of what failed.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Database(_) => "database",
            Self::TooLarge(_) => "too large",
            Self::Unwritable(_) => "unwritable",
            Self::Panicked(_) => "panicked",
        }
    }

    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Database(sqlx::Error::Database(error)) => match error.code().as_deref() {
                Some("23505") => Remedy::Again,
                Some(code)
                    if ["08", "40", "53", "57", "55P03", "25006", "25P03"]
                        .iter()
                        .any(|c| code.starts_with(c)) =>
                {
                    Remedy::Wait
                }
                Some(_) | None => Remedy::Bury,
            },
            Self::Database(
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::BeginFailed,
            ) => Remedy::Wait,
            Self::Database(_) | Self::TooLarge(_) | Self::Unwritable(_) | Self::Panicked(_) => Remedy::Bury,
        }
    }
}

/// Runs a transaction within its time; a panic in it is an error of the message, not the end of the service.
pub(crate) async fn caught<T>(work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    let outcome = AssertUnwindSafe(connect::in_time(work)).catch_unwind().await;
    outcome.unwrap_or_else(|panic| Err(Failed::Panicked(words_of(&*panic))))
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
