//! What becomes of every order, from being accepted to being settled.

use crate::schedule::Sample;
use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Orders that were accepted lately and can be read.
const RECENT: usize = 4_096;

/// How an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// `order.confirmed`.
    Confirmed,
    /// `order.cancelled`.
    Cancelled,
}

/// An order that can be read.
#[derive(Debug, Clone, Copy)]
pub struct Accepted {
    /// Its id.
    pub order: Uuid,
    /// Whose token may read it.
    pub customer: usize,
}

/// All orders of one load.
pub struct Tracker {
    orders: Mutex<HashMap<Uuid, Order>>,
    samples: Mutex<Vec<Sample>>,
    recent: Mutex<Vec<Accepted>>,
    accepted: AtomicU64,
    failed: AtomicU64,
    /// A permit for every order that may still be placed (closed loop).
    pub window: Semaphore,
}

/// One that is not settled yet. Its events may come before the gateway's answer.
#[derive(Default)]
struct Order {
    /// When it was meant to be placed, and how it is meant to end.
    wish: Option<(Instant, End)>,
    confirmed: Option<Instant>,
    cancelled: Option<Instant>,
}

impl Order {
    /// When it was settled, and whether as it was meant to be.
    fn settled(&self) -> Option<(Sample, bool)> {
        let (intended, meant) = self.wish?;
        let (settled, as_meant) = match meant {
            // Who cancels may be too late to prevent that it is confirmed first; it is cancelled all the same.
            End::Cancelled => (self.cancelled?, true),
            End::Confirmed => (self.confirmed.or(self.cancelled)?, self.confirmed.is_some()),
        };
        Some((Sample { intended, settled }, as_meant))
    }
}

impl Tracker {
    /// One for a load that has at most so many orders in flight.
    #[must_use]
    pub fn new(window: usize) -> Self {
        Self {
            orders: Mutex::default(),
            samples: Mutex::default(),
            recent: Mutex::default(),
            accepted: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            window: Semaphore::new(window),
        }
    }

    /// The gateway accepted an order.
    pub fn accept(&self, accepted: Accepted, intended: Instant, meant: End) {
        let number = self.accepted.fetch_add(1, Ordering::Relaxed);
        self.change(accepted.order, |order| order.wish = Some((intended, meant)));
        let mut recent = lock(&self.recent);
        if recent.len() < RECENT {
            recent.push(accepted);
        } else {
            let oldest = usize::try_from(number).unwrap_or(0) % RECENT;
            recent[oldest] = accepted;
        }
    }

    /// An order ended.
    pub fn end(&self, order: Uuid, end: End, now: Instant) {
        self.change(order, |order| match end {
            End::Confirmed => order.confirmed = Some(now),
            End::Cancelled => order.cancelled = Some(now),
        });
    }

    /// Something was refused.
    pub fn fail(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    fn change(&self, id: Uuid, change: impl FnOnce(&mut Order)) {
        let mut orders = lock(&self.orders);
        let order = orders.entry(id).or_default();
        change(order);
        let Some((sample, as_meant)) = order.settled() else { return };
        orders.remove(&id);
        drop(orders);
        self.window.add_permits(1);
        if as_meant {
            lock(&self.samples).push(sample);
        } else {
            self.fail();
        }
    }

    /// Orders that were accepted.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Answers that were refusals, and orders that ended otherwise than meant.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Orders that were accepted and are not settled.
    pub fn open(&self) -> usize {
        lock(&self.orders).values().filter(|order| order.wish.is_some()).count()
    }

    /// The orders that were settled as they were meant to be, so far.
    pub fn samples(&self) -> Vec<Sample> {
        lock(&self.samples).clone()
    }

    /// One of the orders that were accepted lately.
    pub fn any(&self, number: usize) -> Option<Accepted> {
        let recent = lock(&self.recent);
        recent.get(number % recent.len().max(1)).copied()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// What is known at which millisecond: the answer (None) or an end.
    #[track_caller]
    fn check(meant: End, story: &[(u64, Option<End>)], settled_at: Option<u64>, failed: u64) {
        let (tracker, began, order) = (Tracker::new(0), Instant::now(), Uuid::from_u128(7));
        for (ms, what) in story {
            let now = began + Duration::from_millis(*ms);
            match what {
                None => tracker.accept(Accepted { order, customer: 0 }, began, meant),
                Some(end) => tracker.end(order, *end, now),
            }
        }
        let found: Vec<u64> = tracker
            .samples()
            .iter()
            .map(|sample| u64::try_from(sample.latency().as_millis()).unwrap())
            .collect();
        assert_eq!(found, Vec::from_iter(settled_at));
        assert_eq!(tracker.failed(), failed);
        let over = settled_at.is_some() || failed > 0;
        assert_eq!((tracker.open(), tracker.window.available_permits()), if over { (0, 1) } else { (1, 0) });
    }

    const ANSWER: Option<End> = None;
    const CONFIRMED: Option<End> = Some(End::Confirmed);
    const CANCELLED: Option<End> = Some(End::Cancelled);

    #[test]
    fn an_order_is_settled_when_it_ends_as_meant_whichever_comes_first() {
        check(End::Confirmed, &[(5, ANSWER)], None, 0);
        check(End::Confirmed, &[(5, ANSWER), (9, CONFIRMED)], Some(9), 0);
        check(End::Confirmed, &[(4, CONFIRMED), (5, ANSWER)], Some(4), 0);
    }

    #[test]
    fn who_cancels_is_settled_by_the_cancellation_even_after_the_confirmation() {
        check(End::Cancelled, &[(5, ANSWER), (9, CONFIRMED)], None, 0);
        check(End::Cancelled, &[(5, ANSWER), (9, CONFIRMED), (20, CANCELLED)], Some(20), 0);
        check(End::Cancelled, &[(3, CANCELLED), (5, ANSWER)], Some(3), 0);
    }

    #[test]
    fn an_order_that_is_cancelled_though_nobody_asked_has_failed() {
        check(End::Confirmed, &[(5, ANSWER), (9, CANCELLED)], None, 1);
        check(End::Confirmed, &[(4, CANCELLED), (5, ANSWER)], None, 1);
    }
}
