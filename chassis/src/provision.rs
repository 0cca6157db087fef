//! Makes what services must not make themselves: streams, consumers, database users, databases, tables.
//!
//! One step before the services start: consumers made by several processes at once is a race in JetStream, and a
//! service that may make streams may also destroy them.

use crate::{Wiring, connect, dead, in_flight::ACK_WAIT, patience::patiently, settings};
use anyhow::{Context as _, bail};
use async_nats::jetstream::{self, consumer, stream};
use contracts::{STREAMS, stream_of};
use sqlx::{
    AssertSqlSafe, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
    time::Duration,
};
use uuid::Uuid;

/// The NATS user that may make streams and consumers.
pub const PROVISIONER: &str = "provisioner";
/// JetStream's duplicate window: a first filter, whose ids cost memory. The journal is the guarantee.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(30);
/// Messages of one consumer that may be out at the same time: several batches in several replicas.
const MAX_ACK_PENDING: i64 = 20_000;

/// What a service hears, by stream: exactly one durable consumer for each.
#[must_use]
pub fn consumers(wiring: &Wiring) -> BTreeMap<&'static str, Vec<String>> {
    let mut consumers: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut subjects: Vec<String> = wiring.hears.iter().map(|info| info.subject.to_owned()).collect();
    if wiring.keeps && !wiring.hears.is_empty() {
        subjects.push(dead::redrive_subject(wiring.name));
    }
    for subject in subjects {
        let stream = stream_of(&subject).expect("contracts' own test: every subject has a stream");
        consumers.entry(stream.name).or_default().push(subject);
    }
    consumers
}

/// Where to ask how a stream stands.
#[must_use]
pub fn stream_info(stream: &str) -> String {
    format!("$JS.API.STREAM.INFO.{stream}")
}

/// Where to ask how a service's consumer on a stream stands.
#[must_use]
pub fn consumer_info(stream: &str, service: &str) -> String {
    format!("$JS.API.CONSUMER.INFO.{stream}.{service}")
}

/// The streams on which a service has its consumer.
pub(crate) fn streams_heard(wiring: &Wiring) -> Vec<&'static str> {
    consumers(wiring).into_keys().collect()
}

/// Makes all streams and consumers, or brings them up to date. Safe to repeat.
///
/// # Errors
/// When two services have the same name (they would silently share one consumer's messages), or the server
/// refuses.
pub async fn streams(places: &settings::Parts, flock: &[&Wiring], replicas: usize) -> anyhow::Result<()> {
    let names: BTreeSet<_> = flock.iter().map(|wiring| wiring.name).collect();
    if names.len() < flock.len() {
        bail!("two services have the same name");
    }
    let nats = connect::nats(places, PROVISIONER).await?;
    let jetstream = jetstream::new(nats.client.clone());
    for stream in STREAMS {
        let config = stream::Config {
            name: stream.name.into(),
            subjects: stream.subjects.iter().map(ToString::to_string).collect(),
            retention: stream::RetentionPolicy::Limits,
            storage: stream::StorageType::File,
            max_age: stream.max_age_days.map_or(Duration::ZERO, |days| Duration::from_secs(days * 86_400)),
            // No limit by bytes: it would drop the oldest, heard or not. The server's own limit of its storage
            // refuses the newest instead, and the gateway says 503.
            duplicate_window: DUPLICATE_WINDOW,
            num_replicas: replicas,
            allow_atomic_publish: true,
            deny_delete: true,
            deny_purge: true,
            ..Default::default()
        };
        let what = format!("stream {}", stream.name);
        let make = async || jetstream.create_or_update_stream(config.clone()).await;
        patiently(&what, make).await.context(what)?;
    }
    for wiring in flock {
        for (stream, filter_subjects) in consumers(wiring) {
            let config = consumer::pull::Config {
                durable_name: Some(wiring.name.into()),
                ack_policy: consumer::AckPolicy::Explicit,
                ack_wait: ACK_WAIT,
                max_ack_pending: MAX_ACK_PENDING,
                // Never skipped silently: a service gives up by a dead letter.
                max_deliver: -1,
                filter_subjects,
                ..Default::default()
            };
            let what = format!("consumer {} on {stream}", wiring.name);
            let make = async || jetstream.create_consumer_on_stream(config.clone(), stream).await;
            drop(patiently(&what, make).await.context(what)?);
        }
    }
    Ok(())
}

/// Makes a database and the user of the same name that owns it, or brings them up to date. Safe to repeat.
/// Other services' users may not even connect to it.
///
/// # Errors
/// When the admin's URL is wrong or a migration fails.
pub async fn database(
    places: &settings::Parts,
    name: &'static str,
    own: &Migrator,
    journal: bool,
) -> anyhow::Result<()> {
    let admin = PgPoolOptions::new()
        .max_connections(1)
        .connect(places.postgres_url.expose())
        .await
        .context("signing in to Postgres as its admin (POSTGRES_URL)")?;
    let run = async |sql: String| sqlx::query(AssertSqlSafe(sql)).execute(&admin).await;
    let there = async |sql: &'static str| {
        sqlx::query(sql).bind(name).fetch_optional(&admin).await.map(|row| row.is_some())
    };
    let user = if there("select 1 from pg_roles where rolname = $1").await? { "alter" } else { "create" };
    let password = connect::password(places, "postgres", name);
    // The password is hexadecimal, or the operator's own: quoted either way.
    run(format!("{user} role \"{name}\" login password '{}'", password.replace('\'', "''"))).await?;
    if !there("select 1 from pg_database where datname = $1").await? {
        run(format!("create database \"{name}\" owner \"{name}\"")).await?;
        run(format!("revoke all on database \"{name}\" from public")).await?;
    }
    let db = connect::database(places, name, 1)?;
    if journal { migrate(&db, own).await } else { Ok(own.run(&db).await?) }
        .with_context(|| format!("database {name}"))
}

/// The chassis's own tables, in each service's database: the journal and the dead letters.
static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Brings a database's tables up to date: the chassis's, then the service's own.
///
/// # Errors
/// When a migration fails, or one that was applied before is another now.
pub async fn migrate(db: &PgPool, own: &Migrator) -> anyhow::Result<()> {
    let chassis = Migrator {
        migrations: Cow::Borrowed(&MIGRATIONS.migrations),
        table_name: Cow::Borrowed("chassis_migrations"),
        ..Migrator::with_migrations(vec![])
    };
    chassis.run(db).await?;
    own.run(db).await?;
    Ok(())
}

/// A database of its own for one test, with all tables, and plans as services have them; for tests of stores. It stays
/// until its server is wiped.
///
/// # Errors
/// When the server is not there or a migration fails.
pub async fn scratch(admin_url: &str, own: &Migrator) -> anyhow::Result<PgPool> {
    let name = format!("scratch_{}", Uuid::new_v4().simple());
    let admin = PgPoolOptions::new().max_connections(1).connect(admin_url).await?;
    sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&admin).await?;
    let options = PgConnectOptions::from_str(admin_url)?.database(&name).options(connect::PLANS);
    let db = PgPoolOptions::new().max_connections(4).connect_with(options).await?;
    migrate(&db, own).await?;
    Ok(db)
}
