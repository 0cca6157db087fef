//! A message as JetStream delivered it.

use crate::{
    Way,
    journal::Exhumed,
    telemetry::{self, Came, Letter},
};
use bytes::Bytes;
use contracts::{
    HEADER_CAUSATION, HEADER_ID, HEADER_SUBJECT, HEADER_TIME, HEADER_TRACE, HEADER_TYPE, MessageId, Timestamp,
};
use uuid::Uuid;

/// One delivery; the same message may come in several.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub id: MessageId,
    pub subject: String,
    pub stream: String,
    pub sequence: i64,
    /// 1 for the first time.
    pub delivered: u64,
    /// The same in the words of its trace.
    pub came: Came,
    /// When the stream stored it.
    pub stored_at: Timestamp,
    /// When its sender decided it; when it was stored, if the sender does not say.
    pub at: Timestamp,
    pub about: Option<Uuid>,
    pub causation: Option<MessageId>,
    pub trace: Option<String>,
    pub ce_type: Option<String>,
    pub headers: async_nats::HeaderMap,
    pub body: Bytes,
    /// Where to acknowledge.
    pub reply: async_nats::Subject,
}

/// Acknowledged: never again.
pub(crate) const ACK: Bytes = Bytes::from_static(b"+ACK");
/// Still working on it: `ack_wait` begins anew.
pub(crate) const WORKING: Bytes = Bytes::from_static(b"+WPI");
/// Handed back: to be delivered again at once, here or elsewhere.
pub(crate) const HAND_BACK: Bytes = Bytes::from_static(b"-NAK");

impl Delivery {
    /// Reads a message of a pull consumer; nothing for any other.
    pub fn read(message: async_nats::Message) -> Option<Self> {
        let reply = message.reply?;
        let place = Place::read(&reply)?;
        let headers = message.headers.unwrap_or_default();
        let text = |name: &str| headers.get(name).map(async_nats::HeaderValue::as_str);
        let uuid = |name: &str| text(name).and_then(|text| Uuid::try_parse(text).ok());
        let stored_at = Timestamp::from_millis(place.stored_at_ns / 1_000_000);
        let id = message_id(&headers, place.stream, place.sequence, place.stored_at_ns);
        Some(Self {
            id,
            subject: message.subject.to_string(),
            stream: place.stream.to_owned(),
            sequence: place.sequence,
            delivered: place.delivered,
            came: if place.delivered > 1 { Came::Again } else { Came::First },
            stored_at,
            at: text(HEADER_TIME).and_then(|text| Timestamp::parse(text).ok()).unwrap_or(stored_at),
            about: uuid(HEADER_SUBJECT),
            causation: uuid(HEADER_CAUSATION).map(MessageId),
            trace: text(HEADER_TRACE).map(str::to_owned),
            ce_type: text(HEADER_TYPE).map(str::to_owned),
            body: message.payload,
            reply: reply.clone(),
            headers,
        })
    }

    /// A dead letter as it came, to be decided again; its acknowledgement is the redrive's.
    pub fn exhumed(id: MessageId, letter: Exhumed, redrive: &Self) -> Self {
        let text = |name: &str| letter.headers.iter().find(|(n, _)| n == name).map(|(_, text)| text.as_str());
        let uuid = |name: &str| text(name).and_then(|text| Uuid::try_parse(text).ok());
        Self {
            id,
            stream: redrive.stream.clone(),
            sequence: redrive.sequence,
            delivered: 1,
            came: Came::Redriven,
            stored_at: redrive.stored_at,
            at: text(HEADER_TIME).and_then(|text| Timestamp::parse(text).ok()).unwrap_or(letter.at),
            about: uuid(HEADER_SUBJECT),
            causation: uuid(HEADER_CAUSATION).map(MessageId),
            trace: text(HEADER_TRACE).map(str::to_owned),
            ce_type: text(HEADER_TYPE).map(str::to_owned),
            headers: async_nats::HeaderMap::new(),
            reply: redrive.reply.clone(),
            subject: letter.subject,
            body: letter.body.into(),
        }
    }

    /// What its trace says of it, where this service handles it.
    pub fn letter(&self, service: &'static str) -> Letter<'_> {
        Letter { service, subject: &self.subject, about: self.about, trace: self.trace.as_deref() }
    }

    /// How it came here.
    pub fn way(&self) -> Way {
        Way {
            cause: self.causation,
            trace: self.trace.as_deref().and_then(telemetry::trace_id),
            stored_at: Some(self.stored_at),
            deliveries: self.delivered,
        }
    }

    /// Its headers as pairs of texts that Postgres can store.
    pub fn header_pairs(&self) -> Vec<(String, String)> {
        let each = |(name, values): (&async_nats::HeaderName, &Vec<async_nats::HeaderValue>)| {
            values.iter().map(|value| (storable(name.as_ref()), storable(value.as_str()))).collect::<Vec<_>>()
        };
        let mut pairs: Vec<_> = self.headers.iter().flat_map(each).collect();
        pairs.sort();
        pairs
    }
}

/// The id under which a message is known: its own, or, if it has none, where and when it was stored (nanoseconds since
/// 1970): sequences alone can be used again after a lost tail.
#[must_use]
pub fn message_id(
    headers: &async_nats::HeaderMap,
    stream: &str,
    sequence: i64,
    stored_at_ns: i64,
) -> MessageId {
    let own = headers.get(HEADER_ID).and_then(|id| Uuid::try_parse(id.as_str()).ok());
    own.map(MessageId).unwrap_or_else(|| {
        MessageId::named(&["stored", stream, &sequence.to_string(), &stored_at_ns.to_string()])
    })
}

/// The text without the one character that Postgres takes in no text: a dead letter that could not be stored would
/// hold its service up for ever.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The parts of an acknowledgement subject:
/// `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<stored ns>.<pending>`, in its second
/// version with domain and account before the stream.
struct Place<'a> {
    stream: &'a str,
    delivered: u64,
    sequence: i64,
    stored_at_ns: i64,
}

impl<'a> Place<'a> {
    fn read(reply: &'a str) -> Option<Self> {
        let tokens: Vec<&str> = reply.split('.').collect();
        let tokens = match tokens.as_slice() {
            ["$JS", "ACK", rest @ ..] if rest.len() == 7 => rest,
            ["$JS", "ACK", _domain, _account, rest @ ..] if rest.len() >= 7 => rest,
            _ => return None,
        };
        Some(Self {
            stream: tokens[0],
            delivered: tokens[2].parse().ok()?,
            sequence: tokens[3].parse().ok()?,
            stored_at_ns: tokens[5].parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_the_acknowledgement_subject_are_read() {
        for reply in [
            "$JS.ACK.ORDER.orders.2.17.40.1795000000123456789.5",
            "$JS.ACK._.h4sh.ORDER.orders.2.17.40.1795000000123456789.5.rnd",
        ] {
            let place = Place::read(reply).unwrap();
            assert_eq!((place.stream, place.delivered, place.sequence), ("ORDER", 2, 17));
            assert_eq!(place.stored_at_ns, 1_795_000_000_123_456_789);
        }
        assert!(Place::read("_INBOX.abc").is_none());
    }
}
