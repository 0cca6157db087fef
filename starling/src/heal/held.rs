//! What the streams hold.

use crate::audit::stream::Stored;
use contracts::MessageId;
use std::collections::BTreeMap;

/// The ids of all messages that were read, by stream: 16 bytes each, for there may be millions.
#[derive(Default)]
pub struct Held(BTreeMap<&'static str, OfStream>);

#[derive(Default)]
struct OfStream {
    /// In order once the stream is read.
    ids: Vec<u128>,
    last: u64,
}

impl Held {
    /// Adds what was read.
    pub fn add(&mut self, stream: &'static str, page: &[Stored]) {
        let of = self.0.entry(stream).or_default();
        of.ids.extend(page.iter().map(|message| message.id.0.as_u128()));
        of.last = page.last().map_or(of.last, |message| message.sequence);
    }

    /// A stream is read to its end.
    pub fn close(&mut self, stream: &'static str) {
        self.0.entry(stream).or_default().ids.sort_unstable();
    }

    /// Whether the stream holds the message.
    pub fn has(&self, stream: &str, id: MessageId) -> bool {
        self.0.get(stream).is_some_and(|of| of.ids.binary_search(&id.0.as_u128()).is_ok())
    }

    /// How many messages of a stream were read.
    pub fn count(&self, stream: &str) -> usize {
        self.0.get(stream).map_or(0, |of| of.ids.len())
    }

    /// The last message of a stream that was read.
    pub fn last(&self, stream: &str) -> u64 {
        self.0.get(stream).map_or(0, |of| of.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_nats::HeaderMap;
    use uuid::Uuid;

    #[test]
    fn an_id_is_found_in_its_own_stream_whatever_the_order() {
        let stored = |id: u128, sequence| Stored {
            id: MessageId(Uuid::from_u128(id)),
            subject: String::new(),
            sequence,
            stored_ms: 0,
            headers: HeaderMap::new(),
        };
        let mut held = Held::default();
        held.add("ORDER", &[stored(7, 1), stored(3, 2)]);
        held.add("ORDER", &[stored(5, 4)]);
        held.close("ORDER");
        for id in [3, 5, 7] {
            assert!(held.has("ORDER", MessageId(Uuid::from_u128(id))), "{id}");
            assert!(!held.has("STOCK", MessageId(Uuid::from_u128(id))), "{id}");
        }
        assert!(!held.has("ORDER", MessageId(Uuid::from_u128(4))));
        assert_eq!((held.count("ORDER"), held.last("ORDER")), (3, 4));
    }
}
