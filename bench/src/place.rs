//! One connection that places orders.

use crate::{
    flock::Flock,
    http::Connection,
    load::{Load, Pace},
    mix::{Random, Wish},
    schedule::Schedule,
    tracker::{Accepted, End, Tracker},
};
use anyhow::{Context, bail};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Pause after a refusal, so that a flock in trouble is not buried under requests.
const PAUSE: Duration = Duration::from_millis(100);
/// How often a customer asks for an order to be cancelled before the load is given up.
const CANCEL_TRIES: u32 = 50;
/// An order that is not sent so long after the load's end has failed: the rate was far beyond what is possible.
const LATE: Duration = Duration::from_secs(60);

/// What one connection is to do.
pub struct Placing {
    /// The load that it is a part of.
    pub load: Load,
    /// Which of the load's connections it is.
    pub number: u32,
    /// When the load began.
    pub began: Instant,
    /// What is due from here on is not placed.
    pub ends: Instant,
    /// Orders of the burst that are taken by some connection.
    pub burst: Arc<AtomicU64>,
}

/// The same with its connection open.
pub struct Open {
    placing: Placing,
    connection: Connection,
    customer: usize,
    token: String,
}

impl Placing {
    /// Opens the connection.
    pub async fn open(self, flock: &Flock) -> anyhow::Result<Open> {
        let customer = usize::try_from(self.number)? % flock.tokens.len();
        let (connection, token) = (Connection::open(&flock.gateway).await?, flock.tokens[customer].clone());
        Ok(Open { placing: self, connection, customer, token })
    }

    /// Waits until the next order may be placed; when it was meant to be. None: no more.
    async fn turn(&self, tracker: &Tracker, round: u32) -> Option<Instant> {
        match self.load.pace {
            Pace::Rate(rate) => {
                let schedule = Schedule { rate, connections: self.load.connections };
                let due = self.began + schedule.due(self.number, round);
                // All that was due before the end is placed, however late: leaving it out would hide a stall.
                if due >= self.ends {
                    return None;
                }
                tokio::time::sleep_until(due.into()).await;
                Some(due)
            }
            Pace::InFlight(_) => {
                // Closed when the measured time is over.
                tracker.window.acquire().await.ok()?.forget();
                Some(Instant::now())
            }
            Pace::Burst(orders) => {
                let taken = self.burst.fetch_add(1, Ordering::Relaxed);
                (taken < orders).then(Instant::now)
            }
        }
    }
}

/// Places orders until the load ends.
pub async fn place(mut open: Open, tracker: Arc<Tracker>) -> anyhow::Result<()> {
    let mut random = Random::new(open.placing.number);
    for round in 0_u32.. {
        let Some(intended) = open.placing.turn(&tracker, round).await else { return Ok(()) };
        if Instant::now() > open.placing.ends + LATE && matches!(open.placing.load.pace, Pace::Rate(_)) {
            tracker.fail();
            continue;
        }
        let wish = open.placing.load.mix.wish(&mut random);
        if !open.order(wish, intended, &tracker).await? {
            tracker.fail();
            tracker.window.add_permits(1);
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

impl Open {
    /// Places one order, and cancels it if that is the wish; whether it was accepted.
    async fn order(&mut self, wish: Wish, intended: Instant, tracker: &Tracker) -> anyhow::Result<bool> {
        let key = Uuid::new_v4().to_string();
        let (status, answer) = self.connection.post("/v1/orders", &self.token, &key, wish.body).await?;
        if status != 202 {
            return Ok(false);
        }
        let answer: serde_json::Value = serde_json::from_str(&answer).context("the answer to an order")?;
        let order = answer["order_id"].as_str().and_then(|order| Uuid::try_parse(order).ok());
        let order = order.context("an accepted order has an id")?;
        let meant = if wish.cancel { End::Cancelled } else { End::Confirmed };
        tracker.accept(Accepted { order, customer: self.customer }, intended, meant);
        if wish.cancel {
            self.cancel(order).await?;
        }
        Ok(true)
    }

    /// Cancels an order; an order that nobody knows for the moment is asked for again.
    async fn cancel(&mut self, order: Uuid) -> anyhow::Result<()> {
        let mut refused = String::new();
        for _ in 0..CANCEL_TRIES {
            let (status, answer) =
                self.connection.delete(&format!("/v1/orders/{order}"), &self.token).await?;
            if status == 202 {
                return Ok(());
            }
            refused = format!("{status} {answer}");
            tokio::time::sleep(PAUSE).await;
        }
        bail!("cancelling {order}: {refused}")
    }
}
