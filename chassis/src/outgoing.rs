//! A message on its way out, complete with its headers: also what the journal stores.

use crate::clock;
use bytes::Bytes;
use contracts::{Envelope, Message, MessageEnum, MessageId, MessageInfo};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use uuid::Uuid;

/// A message that will be published, now or again. Stored in the journal, so a repetition is the same to the byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Deduplication key.
    pub id: MessageId,
    /// Where to.
    pub subject: Cow<'static, str>,
    /// Subject and version.
    pub ce_type: Cow<'static, str>,
    /// When it was decided, in milliseconds since 1970.
    pub at_millis: i64,
    /// What it is about.
    pub about: Uuid,
    /// The message that led to it.
    pub causation: Option<MessageId>,
    /// W3C `traceparent`.
    pub trace: Option<String>,
    /// JSON.
    pub body: Bytes,
}

impl Outgoing {
    /// A message of its own accord: a command, or an event that a request brought about.
    pub fn new<M: Message>(
        id: MessageId,
        about: impl Into<Uuid>,
        message: &M,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self::raw(M::INFO, id, about.into(), contracts::write_body(message)?))
    }

    /// A fact that follows from what was heard.
    pub fn fact<T: MessageEnum>(
        fact: &crate::Fact<T>,
        causation: MessageId,
    ) -> Result<Self, serde_json::Error> {
        let mut out = Self::raw(fact.message.info(), fact.id(), fact.about, fact.message.write()?);
        out.causation = Some(causation);
        Ok(out)
    }

    /// The same, as part of a trace.
    #[must_use]
    pub fn traced(mut self, trace: Option<String>) -> Self {
        self.trace = trace;
        self
    }

    /// What travels beside the body.
    #[must_use]
    pub fn envelope(&self) -> Envelope {
        Envelope {
            id: self.id,
            ce_type: self.ce_type.clone().into_owned(),
            time: contracts::Timestamp::from_millis(self.at_millis),
            about: self.about,
            causation: self.causation,
            trace: self.trace.clone(),
        }
    }

    fn raw(info: &'static MessageInfo, id: MessageId, about: Uuid, body: Vec<u8>) -> Self {
        Self {
            id,
            subject: Cow::Borrowed(info.subject),
            ce_type: Cow::Borrowed(info.ce_type),
            at_millis: clock::now().millis(),
            about,
            causation: None,
            trace: None,
            body: body.into(),
        }
    }
}
