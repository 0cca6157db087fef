//! The load: orders placed by many connections, and what is measured meanwhile.

use crate::{
    flock::Flock,
    mix::Mix,
    place::{self, Placing},
    read,
    schedule::{Schedule, Window},
    tracker::{End, Tracker},
    usage::Used,
};
use anyhow::ensure;
use futures_util::{Stream, StreamExt, stream};
use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};
use tokio::task::{JoinHandle, JoinSet};
use uuid::Uuid;

/// How long nothing may be settled, while orders are open, before they count as lost.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether all are settled.
const LOOK: Duration = Duration::from_millis(20);

/// How orders are placed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Open loop: so many a second, whatever becomes of them.
    Rate(f64),
    /// Closed loop: always so many in flight.
    InFlight(usize),
    /// So many in all, as fast as they are accepted.
    Burst(u64),
}

/// One load.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// How orders are placed.
    pub pace: Pace,
    /// What is ordered.
    pub mix: Mix,
    /// HTTP connections.
    pub connections: u32,
    /// How long until it is measured, when batches and caches have found their size.
    pub warm_up: Duration,
    /// For how long it is measured.
    pub measured: Duration,
    /// Reads for each order that is placed (open loop), over connections of their own.
    pub reads_per_order: f64,
}

/// A load that is under way.
pub struct Running {
    /// What becomes of its orders.
    pub tracker: Arc<Tracker>,
    /// What readers wait.
    pub reads: Arc<read::Waits>,
    /// When it began.
    pub began: Instant,
    tasks: JoinSet<anyhow::Result<()>>,
    listening: JoinHandle<()>,
}

impl Running {
    /// Begins to place orders.
    pub async fn begin(flock: &Flock, load: &Load) -> anyhow::Result<Self> {
        let window = if let Pace::InFlight(window) = load.pace { window } else { 0 };
        let (tracker, reads) = (Arc::new(Tracker::new(window)), Arc::<read::Waits>::default());
        let confirmed =
            flock.nats.subscribe("order.confirmed").await?.map(|message| (End::Confirmed, message));
        let cancelled =
            flock.nats.subscribe("order.cancelled").await?.map(|message| (End::Cancelled, message));
        // The server must know of both before the first order is placed.
        flock.nats.flush().await?;
        let listening = listen(stream::select(confirmed, cancelled), tracker.clone());
        let (began, burst) = (Instant::now(), Arc::new(AtomicU64::new(0)));
        let ends = began + load.warm_up + load.measured;
        let mut tasks = JoinSet::new();
        for number in 0..load.connections {
            let placing = Placing { load: *load, number, began, ends, burst: burst.clone() };
            tasks.spawn(place::place(placing.open(flock).await?, tracker.clone()));
        }
        if let Pace::Rate(rate) = load.pace
            && load.reads_per_order > 0.0
        {
            let schedule = Schedule { rate: rate * load.reads_per_order, connections: read::CONNECTIONS };
            read::begin(&mut tasks, flock, schedule, (began, ends), &tracker, &reads).await?;
        }
        Ok(Self { tracker, reads, began, tasks, listening })
    }

    /// Waits until all orders are placed (in the closed loop: after the measured time).
    pub async fn placed(&mut self) -> anyhow::Result<()> {
        while let Some(done) = self.tasks.join_next().await {
            done??;
        }
        Ok(())
    }

    /// Waits until all orders that were accepted are settled.
    pub async fn settled(&self) -> anyhow::Result<()> {
        let (mut open, mut since) = (usize::MAX, Instant::now());
        loop {
            let now = self.tracker.open();
            if now == 0 {
                return Ok(());
            }
            if now != open {
                (open, since) = (now, Instant::now());
            }
            ensure!(since.elapsed() < PATIENCE, "{now} orders are not settled, and none was for a minute");
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// What was measured.
pub struct Measured {
    /// In which time.
    pub window: Window,
    /// What became of the orders.
    pub tracker: Arc<Tracker>,
    /// What readers waited.
    pub reads: Arc<read::Waits>,
    /// What was used in that time.
    pub used: Used,
}

/// Runs a load to its end, until all of its orders are settled. Meanwhile `during` is called with the time at which
/// the measuring began.
pub async fn run(flock: &Flock, load: &Load, during: impl AsyncFnOnce(Instant)) -> anyhow::Result<Measured> {
    let mut running = Running::begin(flock, load).await?;
    tokio::time::sleep(load.warm_up).await;
    let (before, from) = (flock.used(), Instant::now());
    let measured = tokio::time::sleep(load.measured);
    tokio::join!(measured, during(from));
    let (to, after) = (Instant::now(), flock.used());
    running.tracker.window.close();
    running.placed().await?;
    running.settled().await?;
    Ok(Measured {
        window: Window { from, to },
        tracker: running.tracker.clone(),
        reads: running.reads.clone(),
        used: after.since(&before),
    })
}

#[expect(clippy::disallowed_methods, reason = "it is aborted with the load that it belongs to")]
fn listen(
    ends: impl Stream<Item = (End, async_nats::Message)> + Send + Unpin + 'static,
    tracker: Arc<Tracker>,
) -> JoinHandle<()> {
    tokio::spawn(ends.for_each(move |(end, message)| {
        let about = message.headers.as_ref().and_then(|headers| headers.get(contracts::HEADER_SUBJECT));
        if let Some(order) = about.and_then(|order| Uuid::try_parse(order.as_str()).ok()) {
            tracker.end(order, end, Instant::now());
        }
        std::future::ready(())
    }))
}
