//! What was done last about each traced order: so that calls to the outside and timers, which no message leads to, find the
//! order's trace.
//!
//! It is remembered near, in this process alone: what a replica or a process before it left behind is called without
//! spans, and its timers have roots without a link.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};
use uuid::Uuid;

/// The most orders that are remembered; the oldest go first.
const MOST: usize = 10_000;

/// Clones are handles to the same.
#[derive(Clone, Default)]
pub(crate) struct Trails(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    traces: HashMap<Uuid, String>,
    oldest: VecDeque<Uuid>,
}

impl Trails {
    /// Something was done about an order, in a sampled trace.
    pub fn note(&self, order: Uuid, traceparent: String) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.traces.insert(order, traceparent).is_some() {
            return;
        }
        known.oldest.push_back(order);
        if known.oldest.len() > MOST
            && let Some(oldest) = known.oldest.pop_front()
        {
            known.traces.remove(&oldest);
        }
    }

    /// The `traceparent` of what was done last about an order, if it is traced.
    pub fn find(&self, order: Uuid) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).traces.get(&order).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_of_each_order_is_found_and_the_oldest_orders_are_forgotten() {
        let trails = Trails::default();
        let order = |n: usize| Uuid::from_u128(n as u128);
        for n in 0..MOST {
            trails.note(order(n), "first".to_owned());
        }
        trails.note(order(1), "second".to_owned());
        trails.note(order(MOST), "new".to_owned());
        assert_eq!(trails.find(order(0)), None);
        assert_eq!(trails.find(order(1)).as_deref(), Some("second"));
        assert_eq!(trails.find(order(MOST)).as_deref(), Some("new"));
    }
}
