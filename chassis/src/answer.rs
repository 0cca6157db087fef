//! Answering requests: core NATS request-reply from the gateway and the operator.

use crate::{Outgoing, PublishError, Publisher, service::Parts};
use contracts::Refusal;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgPool;
use std::future::Future;

/// What a request handler may use.
#[derive(Clone)]
pub struct Ctx {
    /// The service's own database.
    pub db: PgPool,
    pub(crate) publisher: Publisher,
}

impl Ctx {
    /// Publishes events that a request brought about, and waits for JetStream's acknowledgement.
    pub async fn publish(&self, outgoing: Vec<Outgoing>) -> Result<(), PublishError> {
        self.publisher.publish(outgoing).await
    }
}

/// Why a handler gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The asker's fault: told as it is.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Ours: logged, and told as [`Refusal::Unavailable`].
    #[error("database")]
    Database(#[from] sqlx::Error),
    /// Ours: logged, and told as [`Refusal::Unavailable`].
    #[error("publishing")]
    Publish(#[from] PublishError),
    /// Ours: logged, and told as [`Refusal::Unavailable`].
    #[error("{0}")]
    Broken(String),
}

pub(crate) async fn run<Q, R, F, A>(parts: Parts, subject: String, handler: F)
where
    Q: DeserializeOwned + Send + 'static,
    R: Serialize + Send + 'static,
    F: Fn(Ctx, Q) -> A + Send + Sync + 'static,
    A: Future<Output = Result<R, Fault>> + Send + 'static,
{
    drop((subject, handler));
    parts.tasks.stop().cancelled().await
}
