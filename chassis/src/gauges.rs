//! How a service stands, looked at from time to time while telemetry is on: how far its consumers are behind, how much is
//! in their streams, what it gave up, how many of its connections are in use.
//!
//! Every replica tells the same of what they share: whoever adds up takes the highest.

use crate::{parts::Parts, provision, telemetry::Gauge};
use async_nats::jetstream::{self, consumer::PullConsumer};
use sqlx::PgPool;
use std::time::Duration;

/// How often to look.
const EVERY: Duration = Duration::from_secs(10);

static PENDING: Gauge =
    Gauge::new("jetstream.consumer.num_pending", "{message}", "Messages not delivered to a consumer yet");
static ACK_PENDING: Gauge = Gauge::new(
    "jetstream.consumer.num_ack_pending",
    "{message}",
    "Messages delivered to a consumer and not acknowledged yet",
);
static REDELIVERED: Gauge = Gauge::new(
    "jetstream.consumer.num_redelivered",
    "{message}",
    "Messages delivered more than once and not acknowledged yet",
);
static LAST: Gauge =
    Gauge::new("jetstream.stream.last_seq", "{message}", "Number of the last message of a stream");
static MESSAGES: Gauge = Gauge::new("jetstream.stream.messages", "{message}", "Messages in a stream");
static BYTES: Gauge = Gauge::new("jetstream.stream.bytes", "By", "Bytes in a stream");
static DEAD: Gauge =
    Gauge::new("starling.dead.waiting", "{message}", "Dead letters that were not redriven yet");
static CONNECTIONS: Gauge =
    Gauge::new("db.client.connection.count", "{connection}", "Connections to a service's database");

/// Looks until told to stop.
pub(crate) async fn watch(parts: Parts) {
    let jetstream = jetstream::new(parts.nats.client.clone());
    let streams = provision::streams_heard(&parts.wiring);
    let stop = parts.tasks.stop().clone();
    loop {
        if let Some(db) = &parts.db {
            look_at_database(parts.name, db).await;
        }
        for stream in &streams {
            // Away or not there yet: the gauges stay as they were, and readiness tells of it.
            drop(look_at_stream(&jetstream, parts.name, stream).await);
        }
        if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

async fn look_at_stream(
    jetstream: &jetstream::Context,
    service: &'static str,
    stream: &'static str,
) -> anyhow::Result<()> {
    let consumer: PullConsumer = jetstream.get_consumer_from_stream(service, stream).await?;
    let info = consumer.cached_info();
    let of = [("stream_name", stream), ("consumer_name", service)];
    PENDING.set(info.num_pending, of);
    ACK_PENDING.set(info.num_ack_pending as u64, of);
    REDELIVERED.set(info.num_redelivered as u64, of);
    let known = jetstream.get_stream(stream).await?;
    let state = &known.cached_info().state;
    LAST.set(state.last_sequence, [("stream_name", stream)]);
    MESSAGES.set(state.messages, [("stream_name", stream)]);
    BYTES.set(state.bytes, [("stream_name", stream)]);
    Ok(())
}

async fn look_at_database(service: &'static str, db: &PgPool) {
    let (all, idle) = (u64::from(db.size()), db.num_idle() as u64);
    for (state, connections) in [("used", all.saturating_sub(idle)), ("idle", idle)] {
        CONNECTIONS.set(connections, [("db.client.connection.pool.name", service), ("state", state)]);
    }
    let waiting = sqlx::query_scalar("select count(*) from dead_letter where not redriven");
    if let Ok::<i64, _>(waiting) = waiting.fetch_one(db).await {
        DEAD.set(waiting.unsigned_abs(), [("service", service)]);
    }
}
