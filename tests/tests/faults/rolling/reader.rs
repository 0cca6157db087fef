//! Somebody who looks at everything that can be looked at, all the time.

use contracts::Role;
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tests::{Client, Flock, Order};
use tokio::task::JoinSet;

/// Pause between two reads.
const BETWEEN: Duration = Duration::from_millis(20);

/// Reads under way.
pub struct Reader {
    stop: Arc<AtomicBool>,
    reading: JoinSet<Reads>,
}

/// What came of them.
#[derive(Debug, Default)]
pub struct Reads {
    /// How many were made.
    pub count: usize,
    /// What was answered instead of what was asked for, and how requests were left without an answer.
    pub refusals: BTreeSet<String>,
}

impl Reader {
    /// Begins to read, with an order of its own to look at: of every service something.
    pub async fn begin(flock: &Flock) -> Self {
        let (admin, sku) = (flock.client(Role::Admin), flock.product(1).await);
        let order = admin.place_confirmed(&Order::of(&sku, 1)).await;
        let paths = ["orders", "payments", "shipments"].map(|what| format!("/v1/{what}/{order}"));
        let shop = [format!("/v1/stock/{sku}"), format!("/v1/products/{sku}"), "/v1/orders/me".to_owned()];
        let stop = Arc::<AtomicBool>::default();
        let mut reading = JoinSet::new();
        reading.spawn(read(admin, [paths, shop].concat(), stop.clone()));
        Self { stop, reading }
    }

    /// Ends it.
    pub async fn end(mut self) -> Reads {
        self.stop.store(true, Ordering::Relaxed);
        self.reading.join_next().await.expect("there is one task").expect("it ends in order")
    }
}

async fn read(admin: Client, paths: Vec<String>, stop: Arc<AtomicBool>) -> Reads {
    let mut reads = Reads::default();
    for path in paths.iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        reads.count += 1;
        match admin.try_send(admin.request(reqwest::Method::GET, path)).await {
            Ok(answer) if answer.status == 200 => {}
            Ok(answer) => drop(reads.refusals.insert(format!("{path}: {}", answer.refusal()))),
            Err(error) => drop(reads.refusals.insert(format!("{path}: {error:?}"))),
        }
        tokio::time::sleep(BETWEEN).await;
    }
    reads
}
