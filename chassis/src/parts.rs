//! A running service: what its parts share.

use crate::{
    Health, Publisher, Tasks, Wiring, connect, gauges, journal, settings, telemetry, trails::Trails,
};
use sqlx::PgPool;
use std::{
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

/// What the parts of a running service share.
#[derive(Clone)]
pub(crate) struct Parts {
    pub name: &'static str,
    pub nats: connect::Nats,
    pub db: Option<PgPool>,
    pub publisher: Publisher,
    pub health: Health,
    pub tasks: Tasks,
    pub runtime: Arc<settings::Runtime>,
    pub wiring: Arc<Wiring>,
    /// When the newest message that the service took was stored, in milliseconds since 1970; 0: none yet.
    pub newest: Arc<AtomicI64>,
    /// What was done last about traced orders.
    pub trails: Trails,
}

impl Parts {
    /// Signs in everywhere, and starts what every service has.
    pub async fn start(
        wiring: Wiring,
        places: &settings::Parts,
        runtime: Arc<settings::Runtime>,
        health: Health,
        tasks: Tasks,
    ) -> anyhow::Result<Self> {
        let name = wiring.name;
        let nats = connect::nats(places, name).await?;
        let db =
            if wiring.keeps { Some(connect::database(places, name, runtime.db_connections)?) } else { None };
        let publisher = Publisher::start(nats.clone(), &tasks);
        let (wiring, newest, trails) = (Arc::new(wiring), Arc::default(), Trails::default());
        let parts = Self { name, nats, db, publisher, health, tasks, runtime, wiring, newest, trails };
        if parts.db.is_some() {
            parts.tasks.spawn(journal::trim(parts.clone()));
        }
        parts.tasks.spawn(watch(parts.clone()));
        if telemetry::is_measured() {
            parts.tasks.spawn(gauges::watch(parts.clone()));
        }
        Ok(parts)
    }

    /// The service's database.
    pub fn db(&self) -> PgPool {
        self.db.clone().expect("Service::keeps comes before the parts that need a database")
    }
}

/// How often readiness looks, and how long the database may take to answer.
const LOOK: Duration = Duration::from_secs(2);

/// Ready only while NATS is connected and the database, if there is one, answers.
async fn watch(parts: Parts) {
    let (nats, database) = (format!("{} NATS", parts.name), format!("{} database", parts.name));
    loop {
        let connected = parts.nats.client.connection_state() == async_nats::connection::State::Connected;
        parts.health.set(&nats, connected);
        if let Some(db) = &parts.db {
            let asked = tokio::time::timeout(LOOK, sqlx::query("select 1").execute(db)).await;
            parts.health.set(&database, matches!(asked, Ok(Ok(_))));
        }
        if parts.tasks.stop().run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
            return;
        }
    }
}
