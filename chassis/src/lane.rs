//! A service's lane: pull a batch, take it in one transaction, publish what followed, acknowledge.

use crate::{
    Outgoing, Participant,
    batch::{self, Taken},
    connect::Nats,
    delivery::Delivery,
    in_flight::InFlight,
    participant::Live,
    provision,
    publisher::publish_until,
    puller::Puller,
    service::Parts,
    telemetry,
};
use contracts::MessageId;
use std::{sync::atomic::Ordering, time::Duration};
use tokio::{sync::mpsc, time::Instant};

/// Batches whose outputs wait to be published while the next is taken.
const PUBLISH_AHEAD: usize = 2;
/// Outputs of several batches are published together up to this number.
const PUBLISH_TOGETHER: usize = 1_000;

/// Runs until told to stop; then the batch at hand is finished, the rest handed back.
pub(crate) async fn run<P: Participant>(parts: Parts, rules: P::Rules) {
    let streams = provision::streams_heard(&parts.wiring);
    let Some(mut puller) = bind(&parts, &streams, usize::from(parts.runtime.batch_messages)).await else {
        return;
    };
    let in_flight = InFlight::default();
    let (publish, waiting) = mpsc::channel(PUBLISH_AHEAD);
    let publishing = publish_all(parts.clone(), in_flight.clone(), waiting);
    let pulling = pull_all::<P>(&parts, rules, &mut puller, in_flight.clone(), publish);
    tokio::select! {
        () = in_flight.clone().keep_alive(parts.nats.clone()) => {}
        _ = futures_util::future::join(pulling, publishing) => {}
    }
    let left: Vec<MessageId> = puller
        .leftovers()
        .iter()
        .filter(|delivery| in_flight.take(delivery))
        .map(|delivery| delivery.id)
        .collect();
    in_flight.hand_back(&parts.nats, &left).await;
    drop(parts.nats.client.flush().await);
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

struct Finished {
    taken: Taken,
    ids: Vec<MessageId>,
}

async fn pull_all<P: Participant>(
    parts: &Parts,
    rules: P::Rules,
    puller: &mut Puller,
    in_flight: InFlight,
    publish: mpsc::Sender<Finished>,
) {
    let (stop, runtime) = (parts.tasks.stop(), &parts.runtime);
    let db = parts.db();
    while !stop.is_cancelled() {
        let pulled = puller.batch(usize::from(runtime.batch_messages), runtime.linger(), stop).await;
        let Some(mut pulled) = pulled else { continue };
        pulled.retain(|delivery| in_flight.take(delivery));
        if let Some(newest) = pulled.iter().map(|delivery| delivery.stored_at.millis()).max() {
            parts.newest.store(newest, Ordering::Relaxed);
        }
        let began = Instant::now();
        let ids: Vec<MessageId> = pulled.iter().map(|delivery| delivery.id).collect();
        let Some(taken) = batch::take::<P>(parts.name, &db, &rules, &pulled, stop).await else {
            in_flight.hand_back(&parts.nats, &ids).await;
            continue;
        };
        telemetry::batch(parts.name, ids.len(), began.elapsed());
        count_redelivered(parts.name, &pulled);
        if taken.wake_caller {
            parts.wake_caller.notify_one();
        }
        tell_live(&parts.nats, &taken.live).await;
        if publish.send(Finished { taken, ids }).await.is_err() {
            return;
        }
    }
}

fn count_redelivered(service: &'static str, pulled: &[Delivery]) {
    for delivery in pulled.iter().filter(|delivery| delivery.delivered > 1) {
        telemetry::consumed(service, &delivery.subject, "redelivered", 1);
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
        let mut ids = first.ids;
        let (mut fresh, mut again): (Vec<Outgoing>, Vec<Outgoing>) = (first.taken.fresh, first.taken.again);
        while fresh.len() < PUBLISH_TOGETHER
            && let Ok(more) = waiting.try_recv()
        {
            ids.extend(more.ids);
            fresh.extend(more.taken.fresh);
            again.extend(more.taken.again);
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
