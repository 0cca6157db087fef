//! Customers who order one thing after the other, and note how long each took until it was confirmed: the delay that a
//! fault adds, as customers feel it.

use crate::{Client, Flock, Order};
use reqwest::{Method, StatusCode};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Pause between two orders.
const BETWEEN: Duration = Duration::from_millis(50);
/// Pause before the customer asks again, where nothing else is said.
const PAUSE: Duration = Duration::from_millis(100);
/// How long the customer goes on asking.
const PATIENCE: Duration = Duration::from_secs(90);
/// What there is of the thing: more than is ever ordered.
const STOCK: i64 = 1_000_000;

/// Orders being placed and waited for, one by one.
pub struct Pulse {
    stop: Arc<AtomicBool>,
    beats: Arc<AtomicUsize>,
    customers: usize,
    beating: JoinSet<Beats>,
}

/// What customers went through.
#[derive(Debug, Default)]
pub struct Beats {
    /// From the first request for an order until the customer knew that it is confirmed; ascending.
    took: Vec<Duration>,
    /// What was answered instead of an acceptance, and how requests were left without an answer.
    pub refusals: Vec<String>,
}

impl Pulse {
    /// Begins with one customer, and a product of its own.
    pub async fn begin(flock: &Flock) -> Self {
        Self::of(flock, 1).await
    }

    /// Begins with so many customers, each of whom orders one thing after the other.
    pub async fn of(flock: &Flock, customers: usize) -> Self {
        let sku = flock.product(STOCK).await;
        let (stop, beats) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let mut beating = JoinSet::new();
        for _ in 0..customers {
            beating.spawn(beat(flock.customer(), sku.clone(), stop.clone(), beats.clone()));
        }
        Self { stop, beats, customers, beating }
    }

    /// Waits until so many more orders, placed from now on, were confirmed.
    pub async fn beats(&self, more: usize) {
        // Those under way were placed before.
        let target = self.beats.load(Ordering::Relaxed) + more + self.customers;
        let confirmed = async || self.beats.load(Ordering::Relaxed) >= target;
        crate::eventually_within(PATIENCE * 4, "orders are confirmed", confirmed).await;
    }

    /// Ends it, once the last orders are confirmed.
    pub async fn end(self) -> Beats {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Beats::default();
        for beats in self.beating.join_all().await {
            all.took.extend(beats.took);
            all.refusals.extend(beats.refusals);
        }
        all.took.sort();
        all
    }
}

async fn beat(customer: Client, sku: String, stop: Arc<AtomicBool>, count: Arc<AtomicUsize>) -> Beats {
    let mut beats = Beats::default();
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        beats.one(&customer, &sku).await;
        beats.took.push(began.elapsed());
        count.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(BETWEEN).await;
    }
    beats
}

impl Beats {
    /// Places one order, and asks under its key until it is confirmed.
    async fn one(&mut self, customer: &Client, sku: &str) {
        let (key, order, began) = (Uuid::new_v4().to_string(), Order::of(sku, 1), Instant::now());
        loop {
            let request = customer.request(Method::POST, "/v1/orders").header("idempotency-key", &key);
            match customer.try_send(request.header("prefer", "wait=10").json(&order.0)).await {
                Ok(answer) if answer.status == StatusCode::OK => {
                    assert_eq!(answer.body["status"], "confirmed", "{answer:?}");
                    return;
                }
                // A gateway that is told to stop lets nobody wait.
                Ok(answer) if answer.status == StatusCode::ACCEPTED => {}
                Ok(answer) => self.refusals.push(answer.refusal()),
                Err(error) => self.refusals.push(crate::client::without_answer(&error)),
            }
            assert!(began.elapsed() < PATIENCE, "not confirmed after {PATIENCE:?}: {:?}", self.refusals);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// How many orders.
    pub fn count(&self) -> usize {
        self.took.len()
    }

    /// Within this so many of a hundred orders were confirmed.
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.took.len() * percent).div_ceil(100).max(1);
        self.took.get(rank - 1).copied().unwrap_or_default()
    }
}

impl fmt::Display for Beats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |percent| self.percentile(percent).as_millis();
        write!(
            f,
            "{} orders, confirmed within p50 {} ms, p99 {} ms, longest {} ms",
            self.count(),
            ms(50),
            ms(99),
            ms(100)
        )
    }
}
