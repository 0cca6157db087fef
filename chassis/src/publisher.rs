//! stub
use crate::{Outgoing, Tasks};
/// Why messages could not be published.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PublishError {
    /// Certainly not stored: the server refused, or nothing was sent.
    #[error("not published: {0}")]
    Refused(String),
    /// No acknowledgement in time: stored or not. The same ids may be published again.
    #[error("outcome unknown: {0}")]
    Unknown(String),
}
/// Publishes messages durably.
#[derive(Clone)]
pub struct Publisher;
impl Publisher {
    /// Starts.
    #[must_use]
    pub fn start(_: crate::connect::Nats, _: &Tasks) -> Self {
        Self
    }
    /// Publishes, and waits for JetStream's acknowledgement.
    pub async fn publish(&self, _: Vec<Outgoing>) -> Result<(), PublishError> {
        Ok(())
    }
}
