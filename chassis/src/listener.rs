//! Consumers that keep what they hear in another kind of store: no Postgres, no events of their own.

use crate::{
    delivery::Delivery,
    in_flight::InFlight,
    lane,
    parts::Parts,
    provision,
    puller::Puller,
    telemetry::{self, Step},
};
use bytes::Bytes;
use contracts::{Envelope, MessageId, MessageInfo};
use std::{
    future::Future,
    time::{Duration, Instant},
};

/// Takes batches of messages. It must be idempotent by message id, since a batch may come again.
pub trait Listener: Send + Sync + 'static {
    /// The messages that it hears.
    const HEARS: &'static [&'static MessageInfo];

    /// Keeps a batch; it is acknowledged when this returns, and comes again, later and later, when it fails.
    fn keep(&self, batch: &[Record]) -> impl Future<Output = Result<(), anyhow::Error>> + Send;
}

/// A message as it came.
#[derive(Debug, Clone)]
pub struct Record {
    /// Where it came from.
    pub subject: String,
    /// Its attributes.
    pub envelope: Envelope,
    /// Its body: JSON, unread.
    pub body: Bytes,
}

/// Nobody waits for what a listener keeps: it collects more, for longer, which is cheaper for all.
const LINGER: Duration = Duration::from_millis(100);
/// Most messages in one batch.
const BATCH: usize = 1_000;
/// Pause after a failure, at first; it doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(100);
/// Longest pause between tries.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Runs until told to stop.
pub(crate) async fn run<L: Listener>(parts: Parts, listener: L) {
    let streams = provision::streams_heard(&parts.wiring);
    let Some(mut puller) = lane::bind(&parts, &streams, BATCH).await else { return };
    let in_flight = InFlight::default();
    let keeping = async {
        keep_all(&parts, &listener, &mut puller, &in_flight).await;
        puller.leave(&in_flight).await;
    };
    tokio::select! {
        () = in_flight.clone().keep_alive(parts.nats.clone()) => {}
        () = keeping => {}
    }
}

async fn keep_all<L: Listener>(parts: &Parts, listener: &L, puller: &mut Puller, in_flight: &InFlight) {
    let stop = parts.tasks.stop();
    while let Some(mut pulled) = puller.batch(BATCH, |_| LINGER, stop).await {
        pulled.retain(|delivery| in_flight.take(delivery));
        lane::count_redelivered(parts.name, &pulled);
        let ids: Vec<MessageId> = pulled.iter().map(|delivery| delivery.id).collect();
        let step_of = |delivery: &Delivery| telemetry::process(&delivery.letter(parts.name), delivery.came);
        let steps: Vec<Step> = pulled.iter().filter_map(step_of).collect();
        let records: Vec<Record> = pulled.into_iter().map(Record::from).collect();
        let (mut pause, began) = (PAUSE, Instant::now());
        loop {
            match listener.keep(&records).await {
                Ok(()) => {
                    count(parts.name, &records, began.elapsed());
                    break in_flight.acknowledge(&parts.nats, &ids).await;
                }
                Err(error) => {
                    tracing::warn!(
                        service = parts.name,
                        error = format!("{error:#}"),
                        "not kept, trying again"
                    );
                }
            }
            if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                steps.iter().for_each(|step| step.failed("not kept"));
                return in_flight.hand_back(&parts.nats, &ids).await;
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

fn count(service: &'static str, kept: &[Record], took: Duration) {
    telemetry::batch(service, kept.len(), took);
    for record in kept {
        telemetry::consumed(service, &record.subject, "accepted", 1);
    }
}

impl From<Delivery> for Record {
    fn from(delivery: Delivery) -> Self {
        let envelope = Envelope {
            id: delivery.id,
            ce_type: delivery.ce_type.unwrap_or_else(|| delivery.subject.clone()),
            time: delivery.at,
            about: delivery.about.unwrap_or(delivery.id.0),
            causation: delivery.causation,
            trace: delivery.trace,
        };
        Self { subject: delivery.subject, envelope, body: delivery.body }
    }
}
