//! A service's lane: pull a batch, take it in one transaction, publish what followed, acknowledge.

use crate::{
    Outgoing, Participant,
    batch::{Desk, Taken},
    connect::Nats,
    delivery::Delivery,
    handover::Giver,
    in_flight::InFlight,
    participant::Live,
    parts::Parts,
    provision,
    publish::publish_until,
    puller::Puller,
    telemetry::{self, Step},
};
use contracts::MessageId;
use std::{sync::atomic::Ordering, time::Duration};
use tokio::{sync::mpsc, time::Instant};

/// Batches whose outputs wait to be published while the next is taken.
const PUBLISH_AHEAD: usize = 2;
/// A batch waits for more only after one of so many messages.
const LINGER_FROM: usize = 4;
/// How long a message that nobody waits for waits to be taken along ([`Participant::PATIENT`]).
const PATIENCE: Duration = Duration::from_millis(20);
/// Outputs of several batches are published together up to this number.
const PUBLISH_TOGETHER: usize = 1_000;

/// Runs until told to stop; then what was asked for is finished, the rest handed back.
pub(crate) async fn run<P: Participant>(parts: Parts, rules: P::Rules, caller: Giver<P::Attempt>) {
    let streams = provision::streams_heard(&parts.wiring);
    let Some(mut puller) = bind(&parts, &streams, usize::from(parts.runtime.batch_messages)).await else {
        return;
    };
    let in_flight = InFlight::default();
    let (publish, waiting) = mpsc::channel(PUBLISH_AHEAD);
    let publishing = publish_all(parts.clone(), in_flight.clone(), waiting);
    let desk = Desk::<P> { service: parts.name, db: parts.db(), rules, caller, trails: parts.trails.clone() };
    let pulling = async {
        pull_all(&parts, &desk, &mut puller, in_flight.clone(), publish).await;
        puller.leave(&in_flight).await;
    };
    tokio::select! {
        () = in_flight.clone().keep_alive(parts.nats.clone()) => {}
        _ = futures_util::future::join(pulling, publishing) => {}
    }
}

/// Waits until the provisioner has made the durable consumers, and opens the inbox.
pub(crate) async fn bind(parts: &Parts, streams: &[&'static str], batch: usize) -> Option<Puller> {
    let stop = parts.tasks.stop();
    parts.health.set(format!("{} consumers", parts.name), false);
    loop {
        match try_bind(parts, streams, batch).await {
            Ok(puller) => {
                parts.health.set(format!("{} consumers", parts.name), true);
                return Some(puller);
            }
            Err(error) => tracing::warn!(service = parts.name, %error, "consumers not bound yet"),
        }
        stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1))).await?;
    }
}

async fn try_bind(parts: &Parts, streams: &[&'static str], batch: usize) -> anyhow::Result<Puller> {
    let jetstream = async_nats::jetstream::new(parts.nats.client.clone());
    for stream in streams {
        let consumer: Result<async_nats::jetstream::consumer::PullConsumer, _> =
            jetstream.get_consumer_from_stream(parts.name, *stream).await;
        consumer.map_err(|error| anyhow::anyhow!("{stream}: {error}"))?;
    }
    Ok(Puller::open(&parts.nats, parts.name, streams, batch).await?)
}

/// Committed; to be published, and then acknowledged.
struct Finished {
    fresh: Vec<Outgoing>,
    again: Vec<Outgoing>,
    ids: Vec<MessageId>,
    sends: Vec<Step>,
}

async fn pull_all<P: Participant>(
    parts: &Parts,
    desk: &Desk<P>,
    puller: &mut Puller,
    in_flight: InFlight,
    publish: mpsc::Sender<Finished>,
) {
    let (stop, runtime) = (parts.tasks.stop(), &parts.runtime);
    let (mut before, mut took) = (0, Duration::ZERO);
    loop {
        // Under load, a batch that waits as long as the last one took has twice the size, and costs half as much a
        // message. When little comes, who waits only makes others wait.
        let linger = if before >= LINGER_FROM { took.min(runtime.linger()) } else { Duration::ZERO };
        let waits = |delivery: &Delivery| {
            let patient = P::PATIENT.iter().any(|info| info.subject == delivery.subject);
            if patient { PATIENCE.max(linger) } else { linger }
        };
        let pulled = puller.batch(usize::from(runtime.batch_messages), waits, stop).await;
        let Some(mut pulled) = pulled else { return };
        pulled.retain(|delivery| in_flight.take(delivery));
        if let Some(newest) = pulled.iter().map(|delivery| delivery.stored_at.millis()).max() {
            parts.newest.store(newest, Ordering::Relaxed);
        }
        before = pulled.len();
        let began = Instant::now();
        let ids: Vec<MessageId> = pulled.iter().map(|delivery| delivery.id).collect();
        let Some(Taken { fresh, again, live, attempts, sends }) = desk.take(&pulled, stop).await else {
            return in_flight.hand_back(&parts.nats, &ids).await;
        };
        took = began.elapsed();
        telemetry::batch(parts.name, ids.len(), took);
        count_redelivered(parts.name, &pulled);
        desk.caller.give(attempts);
        tell_live(&parts.nats, &live).await;
        if publish.send(Finished { fresh, again, ids, sends }).await.is_err() {
            return;
        }
    }
}

pub(crate) fn count_redelivered(service: &'static str, pulled: &[Delivery]) {
    for delivery in pulled.iter().filter(|delivery| delivery.delivered > 1) {
        telemetry::redelivered(service, &delivery.subject);
    }
}

async fn tell_live(nats: &Nats, live: &[Live]) {
    for message in live {
        drop(nats.client.publish(message.subject.clone(), message.body.clone().into()).await);
    }
}

/// One step behind: while a batch waits for JetStream's sync, the next transaction runs.
async fn publish_all(parts: Parts, in_flight: InFlight, mut waiting: mpsc::Receiver<Finished>) {
    while let Some(first) = waiting.recv().await {
        let Finished { mut fresh, mut again, mut ids, mut sends } = first;
        while fresh.len() < PUBLISH_TOGETHER
            && let Ok(more) = waiting.try_recv()
        {
            ids.extend(more.ids);
            fresh.extend(more.fresh);
            again.extend(more.again);
            sends.extend(more.sends);
        }
        let (fresh, again) = futures_util::future::join(
            publish_patiently(&parts, &fresh, true),
            publish_patiently(&parts, &again, false),
        )
        .await;
        if fresh && again {
            in_flight.acknowledge(&parts.nats, &ids).await;
        } else {
            // Told to stop while JetStream was away: the inputs come again and find their journal rows.
            in_flight.hand_back(&parts.nats, &ids).await;
            sends.iter().for_each(|send| send.failed("not acknowledged"));
        }
    }
}

/// Until JetStream has acknowledged all; false when told to stop and out of time.
async fn publish_patiently(parts: &Parts, messages: &[Outgoing], fresh: bool) -> bool {
    if messages.is_empty() {
        return true;
    }
    let out_of_time = async {
        parts.tasks.stop().cancelled().await;
        tokio::time::sleep(parts.runtime.shutdown()).await;
    };
    tokio::select! {
        outcome = publish_until(&parts.nats, messages, fresh, None) => outcome.is_ok(),
        () = out_of_time => false,
    }
}
