//! Readers: customers who look at their orders and at the shop while others order.

use crate::{
    flock::Flock,
    http::Connection,
    mix::Random,
    schedule::{Sample, Schedule, Window},
    shelves,
    tracker::Tracker,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use tokio::task::JoinSet;

/// Connections of all readers.
pub const CONNECTIONS: u32 = 32;

/// What readers waited, from the moment at which they were meant to ask.
#[derive(Default)]
pub struct Waits(Mutex<(Vec<Sample>, u64)>);

impl Waits {
    /// All of them so far, and how many were refused.
    pub fn all(&self) -> (Vec<Sample>, u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, sample: Sample, served: bool) {
        let mut waits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waits.0.push(sample);
        waits.1 += u64::from(!served);
    }
}

/// Begins to read, at a steady rate.
pub async fn begin(
    tasks: &mut JoinSet<anyhow::Result<()>>,
    flock: &Flock,
    schedule: Schedule,
    (began, ends): (Instant, Instant),
    tracker: &Arc<Tracker>,
    waits: &Arc<Waits>,
) -> anyhow::Result<()> {
    for number in 0..schedule.connections {
        let mut reader = Reader {
            connection: Connection::open(&flock.gateway).await?,
            tokens: flock.tokens.clone(),
            random: Random::new(1_000 + number),
            tracker: tracker.clone(),
        };
        let waits = waits.clone();
        tasks.spawn(async move {
            for round in 0.. {
                let intended = began + schedule.due(number, round);
                if !(Window { from: began, to: ends }).holds(intended) {
                    break;
                }
                tokio::time::sleep_until(intended.into()).await;
                let served = reader.read().await?;
                waits.add(Sample { intended, settled: Instant::now() }, served);
            }
            Ok(())
        });
    }
    Ok(())
}

struct Reader {
    connection: Connection,
    tokens: Vec<String>,
    random: Random,
    tracker: Arc<Tracker>,
}

impl Reader {
    /// Half of them look at an order, a fifth at their orders, the rest at a product or its stock.
    async fn read(&mut self) -> anyhow::Result<bool> {
        let sku = shelves::sku(self.random.below(shelves::SKUS));
        let Some(accepted) = self.tracker.any(self.random.below(usize::MAX)) else { return Ok(true) };
        let path = match self.random.below(10) {
            0..5 => format!("/v1/orders/{}", accepted.order),
            5..7 => "/v1/orders/me".to_owned(),
            7..9 => format!("/v1/products/{sku}"),
            _ => format!("/v1/stock/{sku}"),
        };
        let (status, _) = self.connection.get(&path, &self.tokens[accepted.customer]).await?;
        Ok(status == 200)
    }
}
