//! What was done last about each traced order: so that calls to the outside and timers, which no message leads to, find the
//! order's trace.
//!
//! It is written with the batch (table `trail`, sampled orders only) and remembered near. The table is read for what
//! this process does not know: what it left behind before it was started anew, and what another replica did.

use crate::{Db, Writes, telemetry};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// The most orders that are remembered near; the oldest go first.
const MOST: usize = 10_000;

/// Clones are handles to the same.
#[derive(Clone, Default)]
pub(crate) struct Trails(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    traces: HashMap<Uuid, String>,
    oldest: VecDeque<Uuid>,
}

impl Known {
    fn note(&mut self, order: Uuid, traceparent: String) {
        if self.traces.insert(order, traceparent).is_some() {
            return;
        }
        self.oldest.push_back(order);
        if self.oldest.len() > MOST
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.traces.remove(&oldest);
        }
    }
}

impl Trails {
    /// Things were done about these orders, in sampled traces.
    pub fn note(&self, trails: impl IntoIterator<Item = (Uuid, String)>) {
        let mut known = self.known();
        trails.into_iter().for_each(|(order, traceparent)| known.note(order, traceparent));
    }

    /// The `traceparent` of what was done last about an order, if it is traced and known near.
    pub fn find(&self, order: Uuid) -> Option<String> {
        self.known().traces.get(&order).cloned()
    }

    /// Looks up the orders that are not known near, in one query; none when nothing is traced.
    pub async fn recall(&self, db: &mut Db, orders: impl Iterator<Item = Uuid>) -> sqlx::Result<()> {
        if !telemetry::is_traced() {
            return Ok(());
        }
        let unknown: Vec<Uuid> = {
            let known = self.known();
            orders.filter(|order| !known.traces.contains_key(order)).collect()
        };
        if unknown.is_empty() {
            return Ok(());
        }
        let sql = "select order_id, traceparent from trail where order_id = any($1)";
        let found: Vec<(Uuid, String)> = sqlx::query_as(sql).bind(unknown).fetch_all(db).await?;
        self.note(found);
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the trails of a batch. (By key, so that two replicas lock the rows in the same order.)
pub(crate) fn write(writes: &mut Writes, trails: &BTreeMap<Uuid, String>) {
    if trails.is_empty() {
        return;
    }
    writes
        .add(
            "insert into trail (order_id, traceparent) select * from unnest($1::uuid[], $2::text[])
             on conflict (order_id) do update set traceparent = excluded.traceparent, noted_at = now()",
        )
        .bind(Vec::from_iter(trails.keys().copied()))
        .bind(Vec::from_iter(trails.values().map(String::as_str)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_of_each_order_is_found_and_the_oldest_orders_are_forgotten() {
        let trails = Trails::default();
        let order = |n: usize| Uuid::from_u128(n as u128);
        trails.note((0..MOST).map(|n| (order(n), "first".to_owned())));
        trails.note([(order(1), "second".to_owned()), (order(MOST), "new".to_owned())]);
        assert_eq!(trails.find(order(0)), None);
        assert_eq!(trails.find(order(1)).as_deref(), Some("second"));
        assert_eq!(trails.find(order(MOST)).as_deref(), Some("new"));
    }
}
