//! CloudEvents 1.0 in binary mode (attributes as headers, the body is JSON).
//!
//! Inside the flock only what cannot be derived travels: `ce-id` is `Nats-Msg-Id`, `ce-specversion`,
//! `ce-source` and `datacontenttype` are constant or follow from the subject, and are added where messages leave
//! the system. Each header costs half a microsecond to write and to read, at every hop.

use crate::{MessageId, Timestamp};
use uuid::Uuid;

/// `Nats-Msg-Id`: JetStream's deduplication key, and CloudEvents' `id`.
pub const HEADER_ID: &str = "Nats-Msg-Id";
/// CloudEvents' `type`: subject and version.
pub const HEADER_TYPE: &str = "ce-type";
/// CloudEvents' `time`: when the fact was decided, or the command given.
pub const HEADER_TIME: &str = "ce-time";
/// CloudEvents' `subject`: what it is about, for all of an order's messages the order.
pub const HEADER_SUBJECT: &str = "ce-subject";
/// The id of the message that led to this one.
pub const HEADER_CAUSATION: &str = "ce-causationid";
/// W3C trace context, as CloudEvents' distributed tracing extension names it. (A header called `traceparent`
/// makes nats-server parse all headers of every message.)
pub const HEADER_TRACE: &str = "ce-traceparent";

/// What travels beside a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Journal and deduplication key.
    pub id: MessageId,
    /// Subject and version.
    pub ce_type: String,
    /// When the fact was decided, or the command given.
    pub time: Timestamp,
    /// What it is about: the order, or the command's own id.
    pub about: Uuid,
    /// The message that led to this one.
    pub causation: Option<MessageId>,
    /// W3C `traceparent`, when sampled.
    pub trace: Option<String>,
}
