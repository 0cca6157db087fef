//! The load: orders posted by many connections, and what becomes of them.

use crate::{flock::Flock, http::Connection, usage::Usage};
use anyhow::{Context, ensure};
use futures_util::StreamExt;
use serde_json::json;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Measured only after this time, when batches and caches have found their size.
const WARM_UP: Duration = Duration::from_secs(5);

/// How orders are placed.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// Open loop: so many a second, whatever becomes of them (no coordinated omission).
    Rate(f64),
    /// Closed loop: always so many in flight.
    Window(usize),
}

/// One scenario.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// How orders are placed.
    pub pace: Pace,
    /// SKUs to choose from.
    pub skus: usize,
    /// HTTP connections.
    pub connections: usize,
    /// For how long.
    pub measured: Duration,
}

/// What was measured.
#[derive(Debug, Default)]
pub struct Measured {
    /// Orders confirmed.
    pub confirmed: u64,
    /// In so many seconds.
    pub seconds: f64,
    /// From the intended moment of posting (open loop) or posting (closed loop) to confirmed, sorted.
    pub latencies_ms: Vec<f64>,
    /// CPU of each process in that time, and its memory at the end.
    pub usage: Vec<(&'static str, Usage)>,
    /// Answers other than 202, and orders that were cancelled.
    pub failed: u64,
}

struct Shared {
    placed: Mutex<HashMap<Uuid, Instant>>,
    early: Mutex<HashMap<Uuid, Instant>>,
    latencies: Mutex<Vec<f64>>,
    confirmed: AtomicU64,
    failed: AtomicU64,
    stop: AtomicBool,
    window: Semaphore,
}

impl Shared {
    fn place(&self, order: Uuid, at: Instant) {
        if let Some(confirmed) = lock(&self.early).remove(&order) {
            return self.measure(at, confirmed);
        }
        lock(&self.placed).insert(order, at);
        // It may have been confirmed between the two looks.
        if let Some(confirmed) = lock(&self.early).remove(&order)
            && let Some(at) = lock(&self.placed).remove(&order)
        {
            self.measure(at, confirmed);
        }
    }

    fn confirm(&self, order: Uuid, now: Instant) {
        self.confirmed.fetch_add(1, Ordering::Relaxed);
        self.window.add_permits(1);
        let placed = lock(&self.placed).remove(&order);
        match placed {
            Some(at) => self.measure(at, now),
            None => drop(lock(&self.early).insert(order, now)),
        }
    }

    fn measure(&self, from: Instant, to: Instant) {
        lock(&self.latencies).push(to.saturating_duration_since(from).as_secs_f64() * 1e3);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs one scenario to its end, until all of its orders are settled.
#[expect(clippy::disallowed_methods, reason = "the scenario's tasks end with it")]
pub async fn run(flock: &Flock, load: &Load) -> anyhow::Result<Measured> {
    let window = match load.pace {
        Pace::Window(window) => window,
        Pace::Rate(_) => 0,
    };
    let shared = Arc::new(Shared {
        placed: Mutex::default(),
        early: Mutex::default(),
        latencies: Mutex::default(),
        confirmed: AtomicU64::new(0),
        failed: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        window: Semaphore::new(window),
    });
    let mut settled = flock.nats.subscribe("order.*").await?;
    let listening = tokio::spawn({
        let shared = shared.clone();
        async move {
            while let Some(message) = settled.next().await {
                let about =
                    message.headers.as_ref().and_then(|headers| headers.get(contracts::HEADER_SUBJECT));
                let order = about.and_then(|order| Uuid::try_parse(order.as_str()).ok());
                match (message.subject.as_str(), order) {
                    ("order.confirmed", Some(order)) => shared.confirm(order, Instant::now()),
                    ("order.cancelled", _) => {
                        shared.failed.fetch_add(1, Ordering::Relaxed);
                        shared.window.add_permits(1);
                    }
                    _ => {}
                }
            }
        }
    });
    let began = Instant::now();
    let mut posting = vec![];
    for number in 0..load.connections {
        let connection = Connection::open(&flock.gateway).await?;
        let token = flock.tokens[number % flock.tokens.len()].clone();
        posting.push(tokio::spawn(post_all(connection, token, *load, number, began, shared.clone())));
    }
    tokio::time::sleep(WARM_UP).await;
    let (before, from, count) = (flock.usage(), Instant::now(), shared.confirmed.load(Ordering::Relaxed));
    lock(&shared.latencies).clear();
    tokio::time::sleep(load.measured).await;
    let (after, seconds) = (flock.usage(), from.elapsed().as_secs_f64());
    let confirmed = shared.confirmed.load(Ordering::Relaxed) - count;
    let mut latencies_ms = std::mem::take(&mut *lock(&shared.latencies));
    shared.stop.store(true, Ordering::Relaxed);
    shared.window.close();
    for task in posting {
        task.await?.context("posting")?;
    }
    settle(&shared).await?;
    listening.abort();
    latencies_ms.sort_by(f64::total_cmp);
    let usage = before
        .into_iter()
        .zip(after)
        .map(|((name, before), (_, after))| {
            (name, Usage { cpu_ms: after.cpu_ms - before.cpu_ms, rss_kib: after.rss_kib })
        })
        .collect();
    Ok(Measured { confirmed, seconds, latencies_ms, usage, failed: shared.failed.load(Ordering::Relaxed) })
}

/// Waits until every order that was accepted has been confirmed.
async fn settle(shared: &Shared) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let open = lock(&shared.placed).len();
        if open == 0 {
            return Ok(());
        }
        ensure!(began.elapsed() < Duration::from_secs(60), "{open} orders are not settled after a minute");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn post_all(
    mut connection: Connection,
    token: String,
    load: Load,
    number: usize,
    began: Instant,
    shared: Arc<Shared>,
) -> anyhow::Result<()> {
    let mut random = 0x9E37_79B9_7F4A_7C15_u64 ^ (u64::try_from(number)? + 1);
    for round in 0_u32.. {
        let at = match load.pace {
            Pace::Rate(rate) => {
                // The moment that the schedule intends for this order, whether or not the last one is back.
                let turn = f64::from(round) * f64::from(u32::try_from(load.connections)?)
                    + f64::from(u32::try_from(number)?);
                let at = began + Duration::from_secs_f64(turn / rate);
                tokio::time::sleep_until(at.into()).await;
                at
            }
            Pace::Window(_) => {
                let Ok(permit) = shared.window.acquire().await else { return Ok(()) };
                permit.forget();
                Instant::now()
            }
        };
        if shared.stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let key = Uuid::new_v4().to_string();
        let (status, answer) =
            connection.post("/v1/orders", &token, &key, order(load.skus, &mut random)).await?;
        match (status, serde_json::from_str::<serde_json::Value>(&answer)) {
            (202, Ok(answer)) => {
                let order = answer["order_id"].as_str().and_then(|order| Uuid::try_parse(order).ok());
                shared.place(order.context("order_id")?, at);
            }
            (_, _) => {
                shared.failed.fetch_add(1, Ordering::Relaxed);
                shared.window.add_permits(1);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    Ok(())
}

/// Two lines, of SKUs chosen evenly.
fn order(skus: usize, random: &mut u64) -> String {
    let mut next = || {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        usize::try_from(*random >> 33).unwrap_or(0) % skus
    };
    json!({
        "currency": "GBP",
        "lines": [
            {"sku": Flock::sku(next()), "quantity": 1, "unit_price": 1_200},
            {"sku": Flock::sku(next()), "quantity": 2, "unit_price": 1_200},
        ],
        "address": {"name": "Ada Buyer", "line1": "1 Bench Road", "city": "London", "postal_code": "N1 9GU", "country": "GB"},
        "payment": {"method": "sandbox.succeeds"},
    })
    .to_string()
}
