//! What the streams hold at rest: no fact is in them under two ids. A message that was published again, since nobody
//! knew whether it was stored, may be there twice under its one id: who listens knows it by that.

use contracts::{HEADER_ID, HEADER_SUBJECT};
use std::collections::{HashMap, HashSet};
use tests::Flock;

/// The streams of facts. (A customer who asks twice to cancel sends two commands.)
const STREAMS: [&str; 4] = ["ORDER", "STOCK", "PAYMENT", "SHIPMENT"];

/// Checks it; how many messages are stored more than once under their id.
pub async fn assert_told_under_one_id(flock: &Flock) -> usize {
    let mut repeated = 0;
    for stream in STREAMS {
        let (mut facts, mut ids) = (HashMap::new(), HashSet::new());
        let read = |message: &async_nats::Message| {
            let text = |header: &str| {
                let value = message.headers.as_ref().and_then(|headers| headers.get(header));
                value.map(|value| value.as_str().to_owned()).unwrap_or_default()
            };
            let (id, about) = (text(HEADER_ID), text(HEADER_SUBJECT));
            let fact = (message.subject.to_string(), about, message.payload.clone());
            let known = facts.entry(fact).or_insert_with(|| id.clone());
            assert_eq!(*known, id, "one fact under two ids: {} {:?}", message.subject, message.payload);
            repeated += usize::from(!ids.insert(id));
        };
        flock.read_stream(stream, false, read).await;
    }
    repeated
}
