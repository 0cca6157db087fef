//! The same beginning and end for every fault: a flock that sells, and the count of what it sold.

use std::time::Duration;
use tests::{Detours, Flock, Load, Sales, Shape};
use tokio::sync::{Mutex, MutexGuard};

/// Each of these tests takes the machine for itself.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
/// Of the SKU that is sold: more than is ever ordered.
pub const STOCK: i64 = 1_000_000;
/// Orders that are placed in each second.
pub const PER_S: u32 = 100;
/// Orders that must be accepted before a fault and after it.
pub const BETWEEN: usize = 150;
/// Within this a service is up to date again, when what it was waiting for is back: the longest pause between its
/// tries, and some.
pub const BACK_WITHIN: Duration = Duration::from_secs(30);

/// A flock with something to sell, and orders being placed.
pub struct Selling {
    pub flock: Flock,
    /// What is sold.
    pub sku: String,
    /// The customers.
    pub load: Load,
    _alone: MutexGuard<'static, ()>,
}

impl Selling {
    /// Begins to sell, with more environment variables for the flock; returns once orders are accepted.
    pub async fn begin(shape: Shape, extra: &'static [(&'static str, &'static str)]) -> Self {
        let alone = ONE_AT_A_TIME.lock().await;
        Self::at(Flock::start_own(shape, extra).await, alone).await
    }

    /// The same with NATS as a cluster of three nodes.
    pub async fn begin_clustered(shape: Shape, extra: &'static [(&'static str, &'static str)]) -> Self {
        let alone = ONE_AT_A_TIME.lock().await;
        Self::at(Flock::start_own_clustered(shape, extra).await, alone).await
    }

    /// The same with detours to the servers.
    pub async fn begin_with_detours<D: Detours>(
        shape: Shape,
        extra: &'static [(&'static str, &'static str)],
    ) -> (Self, D) {
        let alone = ONE_AT_A_TIME.lock().await;
        let (flock, detours) = Flock::start_own_with_detours(shape, extra).await;
        (Self::at(flock, alone).await, detours)
    }

    async fn at(flock: Flock, alone: MutexGuard<'static, ()>) -> Self {
        let sku = flock.product(STOCK).await;
        let load = Load::begin(&flock, &sku, PER_S);
        load.accepts(BETWEEN).await;
        Self { flock, sku, load, _alone: alone }
    }

    /// Goes on selling for a while, then ends, waits for quiet, and counts: every order that was answered with 202
    /// is there once and settled as its customer wished, and every book is exact.
    pub async fn end_exactly(self) -> Sales {
        Box::pin(self.end_exactly_then(async |_| ())).await
    }

    /// The same, then looks at the flock at rest.
    pub async fn end_exactly_then(self, look: impl AsyncFnOnce(&Flock)) -> Sales {
        self.load.accepts(BETWEEN).await;
        let sales = self.load.end().await;
        println!("{} orders; requests sent again: {:#?}", sales.bought.len(), sales.retries());
        sales.assert_exact(&self.flock, STOCK).await;
        look(&self.flock).await;
        sales
    }
}

/// The same for a test that does not sell.
pub async fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().await
}
