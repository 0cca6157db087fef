//! How many orders' messages JetStream acknowledges, when all it has to do is to store them.

use super::BATCH_ORDERS;
use crate::template::{Templates, of_another};
use anyhow::Context;
use chassis::{
    Outgoing, Publisher, Secret, Tasks, connect,
    permissions::{Permissions, auth_block},
    provision, settings,
};
use contracts::OrderId;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Batches on their way at once, over all streams.
const AT_ONCE: usize = 10;

/// Orders a second whose messages (the templates': same streams, sizes and headers) are acknowledged, in atomic
/// batches to all streams at once, every batch synced. With a server of its own.
pub async fn measure(dir: &Path, templates: &Templates, time: Duration) -> anyhow::Result<f64> {
    let place = dir.join("limit-nats");
    let secret = Secret::from("bench".to_owned());
    let publisher = Permissions::of("publisher", vec![">".into()]);
    let auth = auth_block(&[publisher, Permissions::of_provisioner()], &secret);
    let server = tools::nats::start(&place, None, &auth)?;
    let none = Secret::from(String::new());
    let places = settings::Parts {
        nats_url: server.url().into(),
        postgres_url: none.clone(),
        redis_url: none.clone(),
        mongodb_url: none,
        secret,
        password: None,
    };
    provision::streams(&places, &[], 1).await?;
    let running = Tasks::default();
    // As in the flock: who publishes to a stream has a connection of its own.
    let mut streams: BTreeMap<&str, (Publisher, Messages)> = BTreeMap::new();
    for (_, message) in
        templates.orders.iter().flat_map(|(order, all)| all.iter().map(move |one| (order, one)))
    {
        let name = contracts::stream_of(&message.subject).context("every subject has a stream")?.name;
        if !streams.contains_key(name) {
            let publisher = Publisher::start(connect::nats(&places, "publisher").await?, &running);
            streams.insert(name, (publisher, vec![]));
        }
    }
    for (name, (_, messages)) in &mut streams {
        let of_stream = |message: &&Outgoing| {
            contracts::stream_of(&message.subject).is_some_and(|stream| stream.name == *name)
        };
        messages
            .extend(templates.orders.iter().map(|(_, all)| all.iter().filter(of_stream).collect::<Vec<_>>()));
    }
    let began = Instant::now();
    // All streams get a batch before the next round begins, and so about the same number of orders at any time.
    let rounds = (0_u32..).take_while(|_| began.elapsed() < time);
    let jobs = rounds.flat_map(|_| streams.values());
    let batches: Vec<()> = stream::iter(jobs.map(|(publisher, messages)| async move {
        publisher.publish(batch(messages)?).await.context("publishing")
    }))
    .buffer_unordered(AT_ONCE)
    .try_collect()
    .await?;
    let rounds = u32::try_from(batches.len() / streams.len())?;
    let a_second =
        f64::from(rounds) * f64::from(u32::try_from(BATCH_ORDERS)?) / began.elapsed().as_secs_f64();
    drop(streams);
    drop(server);
    std::fs::remove_dir_all(place)?;
    Ok(a_second)
}

/// The messages of each template that go to one stream.
type Messages<'a> = Vec<Vec<&'a Outgoing>>;

/// What new orders say in one stream.
fn batch(templates: &Messages) -> anyhow::Result<Vec<Outgoing>> {
    let orders = templates.iter().cycle().take(BATCH_ORDERS);
    let batch = orders.flat_map(|messages| {
        let order = OrderId::from_v7(Uuid::now_v7()).0;
        messages.iter().map(move |message| of_another(message, order))
    });
    batch.collect()
}
