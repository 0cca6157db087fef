//! A flock that reaches Postgres, Redis and MongoDB through proxies, which can do to its connections what networks do.

use crate::selling::Selling;
use std::time::{Duration, Instant};
use tests::{Client, Detours, Order, Shape, eventually_within, measured};
use tools::{
    Servers,
    proxy::{Manner, Proxy},
};

/// What the proxies do at random, they do as this says.
const SEED: u64 = 4;
/// An order may take so long to be confirmed once what was broken is whole: the longest time until a connection is
/// given up, the longest pause between a service's tries, the longest lease of a call, and some, on a busy machine.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(180);

/// For clients that must notice by themselves that a connection is dead: their system never tells them.
pub const LOSE: Manner = Manner::Lose { given_up_after: Duration::from_secs(3_600) };

/// One before each server.
pub struct Proxies {
    pub postgres: Proxy,
    pub redis: Proxy,
    pub mongo: Proxy,
}

impl Detours for Proxies {
    fn to(servers: &Servers) -> Self {
        let before = |server| Proxy::before(server, SEED).expect("a proxy");
        let (postgres, redis, mongo) = (&servers.postgres, &servers.redis, &servers.mongo);
        Self { postgres: before(postgres), redis: before(redis), mongo: before(mongo) }
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let detours =
            [("POSTGRES_URL", &self.postgres), ("REDIS_URL", &self.redis), ("MONGODB_URL", &self.mongo)];
        detours.map(|(variable, proxy)| (variable, proxy.url().to_owned())).into()
    }
}

/// What a scenario with proxies has to hand.
pub struct Proxied {
    pub selling: Selling,
    pub proxies: Proxies,
    pub customer: Client,
    /// Of what the test itself orders: the load's counts are about its own.
    pub other: String,
    scenario: &'static str,
}

impl Proxied {
    /// Begins to sell.
    pub async fn begin(scenario: &'static str, extra: &'static [(&'static str, &'static str)]) -> Self {
        let (selling, proxies) = Selling::begin_with_detours(Shape::Together, extra).await;
        let (customer, other) = (selling.flock.customer(), selling.flock.product(1_000).await);
        Self { selling, proxies, customer, other, scenario }
    }

    /// From now on a proxy behaves so.
    pub fn behave(&self, proxy: fn(&Proxies) -> &Proxy, manner: Manner) {
        println!("{}: {manner:?}", self.scenario);
        tokio::task::block_in_place(|| proxy(&self.proxies).behave(manner)).expect("it can behave so");
    }

    /// An order of this moment is accepted, and confirmed in the end; how long that took is reported.
    pub async fn is_confirmed_again(&self, after: &str) {
        let began = Instant::now();
        let order = self.customer.place(&Order::of(&self.other, 1)).await;
        eventually_within(CONFIRMED_WITHIN, &format!("confirmed after {after}"), async || {
            self.customer.order(&order).await["status"] == "confirmed"
        })
        .await;
        measured(
            self.scenario,
            &format!("confirmed again after {after}"),
            format_args!("{:?}", began.elapsed()),
        );
    }

    /// No service has given a message up.
    pub async fn has_no_dead_letters(&self) {
        for service in KEEPERS {
            let db = self.selling.flock.database(service).await;
            let letters = sqlx::query_scalar("select error from dead_letter").fetch_all(&db).await;
            let letters: Vec<String> = letters.expect("the database answers");
            assert!(letters.is_empty(), "{service} has given up: {letters:?}");
        }
    }

    /// Ends as [`Selling::end_exactly`]; nothing was given up.
    pub async fn end_exactly(self) {
        self.has_no_dead_letters().await;
        Box::pin(self.selling.end_exactly()).await;
    }
}

/// The services of an order's way, each with a database of its own.
pub const KEEPERS: [&str; 4] = ["orders", "inventory", "payments", "shipping"];
