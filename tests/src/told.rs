//! Everything that the services told, read from the streams: under how many ids each fact was told of each order.

use crate::{Flock, load::Wish};
use async_nats::HeaderMap;
use contracts::{HEADER_ID, HEADER_SUBJECT};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The ids under which each event was told, by order and subject. A fact that is published again keeps its id: two
/// ids are two facts.
#[derive(Debug, Default)]
pub struct Told(BTreeMap<Uuid, BTreeMap<String, BTreeSet<String>>>);

impl Told {
    /// Reads these streams whole.
    pub async fn of(flock: &Flock, streams: &[&str]) -> Self {
        let mut told = Self::default();
        for stream in streams {
            flock
                .read_stream(stream, true, |message| told.hear(&message.subject, message.headers.as_ref()))
                .await;
        }
        told
    }

    fn hear(&mut self, subject: &str, headers: Option<&HeaderMap>) {
        let text =
            |name: &str| headers.and_then(|headers| headers.get(name)).map(|value| value.as_str().to_owned());
        let about = text(HEADER_SUBJECT).and_then(|text| Uuid::parse_str(&text).ok());
        if let (Some(id), Some(about)) = (text(HEADER_ID), about) {
            self.0.entry(about).or_default().entry(subject.to_owned()).or_default().insert(id);
        }
    }

    /// How many facts with this subject were told of an order.
    pub fn count(&self, order: Uuid, subject: &str) -> usize {
        self.0.get(&order).and_then(|told| told.get(subject)).map_or(0, BTreeSet::len)
    }

    /// Each fact about an order once, and none that contradict each other.
    #[track_caller]
    pub fn assert_once(&self, order: Uuid, wish: Wish) {
        let count = |subject| self.count(order, subject);
        let about = || format!("{order} ({wish:?}): {:#?}", self.0.get(&order));
        for once in [
            "order.created",
            "order.confirmed",
            "order.cancelled",
            "stock.reserved",
            "payment.captured",
            "shipment.scheduled",
        ] {
            assert!(count(once) <= 1, "{once} once: {}", about());
        }
        if wish.is_kept() {
            for there in [
                "order.created",
                "order.confirmed",
                "stock.reserved",
                "payment.captured",
                "shipment.scheduled",
            ] {
                assert_eq!(count(there), 1, "{there}: {}", about());
            }
            for absent in ["order.cancelled", "stock.released", "payment.refunded"] {
                assert_eq!(count(absent), 0, "{absent}: {}", about());
            }
        } else {
            assert_eq!(count("order.cancelled"), 1, "order.cancelled: {}", about());
            assert_eq!(
                count("stock.released"),
                count("stock.reserved"),
                "what was reserved is released: {}",
                about()
            );
            assert_eq!(
                count("payment.refunded"),
                count("payment.captured"),
                "what was captured is refunded: {}",
                about()
            );
        }
    }
}
