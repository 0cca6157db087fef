//! Someone who orders beside the load, to see when orders are confirmed again.

use crate::{selling::STOCK, servers::assert_not_accepted};
use std::time::{Duration, Instant};
use tests::{Client, Flock, Order, measured};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

/// Within this an order is confirmed again when a node was lost, on a busy machine.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(90);
/// Pause before asking again.
const PAUSE: Duration = Duration::from_millis(50);

/// A customer of something that the load does not buy.
pub struct Probe {
    scenario: &'static str,
    customer: Client,
    sku: String,
}

impl Probe {
    pub async fn of(flock: &Flock, scenario: &'static str) -> Self {
        Self { scenario, customer: flock.customer(), sku: flock.product(STOCK).await }
    }

    /// Places an order, under its key until it is accepted, and waits until it is confirmed; reports how long both
    /// took.
    pub async fn measures(&self, what: &str) {
        let began = Instant::now();
        let confirmed = timeout(CONFIRMED_WITHIN, self.until_confirmed()).await;
        assert!(confirmed.is_ok(), "{what}: not confirmed after {CONFIRMED_WITHIN:?}");
        self.report_time(what, began.elapsed());
    }

    pub fn report_time(&self, what: &str, took: Duration) {
        self.report(what, format_args!("{:.1} s", took.as_secs_f64()));
    }

    pub fn report(&self, what: &str, value: impl std::fmt::Display) {
        measured(self.scenario, what, value);
    }

    async fn until_confirmed(&self) {
        let (key, order) = (Uuid::new_v4().to_string(), Order::of(&self.sku, 1));
        let accepted = loop {
            let answer = self.customer.place_as(&key, &order).await;
            if answer.status == 202 {
                break answer;
            }
            assert_not_accepted(&answer, &["not_stored", "unknown"]);
            sleep(PAUSE).await;
        };
        let id = accepted.body["order_id"].as_str().expect("an id").to_owned();
        while self.customer.order(&id).await["status"] != "confirmed" {
            sleep(PAUSE).await;
        }
    }
}
