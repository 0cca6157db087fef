//! Commands that were stored and lost before anybody took them: no journal has them. The gateway remembers placements;
//! of anything else it can only be said what is to be looked at.

use super::{Lost, Patient, Report, held::Held};
use crate::audit::stream::Reader;
use anyhow::Context;
use async_nats::jetstream::consumer::DeliverPolicy;
use chassis::connect;
use contracts::{Message, MessageId, OrderId, PlaceOrder, Timestamp};
use gateway::promises::{Promise, Promises};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The stream of all commands.
const STREAM: &str = "COMMANDS";

/// Names the placements that customers were told were accepted and that orders never heard of nor will, and takes the
/// promise back, so that a repetition under the same key is published again.
pub async fn name_lost(patient: &Patient, held: &Held, report: &mut Report) -> anyhow::Result<()> {
    let orders = patient.journal(PlaceOrder::INFO.owner).context("orders keeps a journal")?;
    let mut promises = Promises::open(&patient.places.redis_url).await?;
    let mut open: BTreeMap<MessageId, Promise> = BTreeMap::new();
    while let Some(page) = promises.next().await? {
        let page = page.into_iter().map(|promise| (placement(promise.order()), promise));
        let page: BTreeMap<_, _> = page.filter(|(id, _)| !held.has(STREAM, *id)).collect();
        if !page.is_empty() {
            let unknown = orders.unknown(&page.keys().copied().collect()).await?;
            open.extend(page.into_iter().filter(|(id, _)| unknown.contains(id)));
        }
    }
    // Those of the last moments were stored after the stream had been read.
    let from = DeliverPolicy::ByStartSequence { start_sequence: held.last(STREAM) + 1 };
    let mut news = Reader::open(&patient.provisioner, STREAM, PlaceOrder::INFO.subject, from).await?;
    while let Some(page) = news.page().await? {
        for message in page {
            open.remove(&message.id);
        }
    }
    let (lost, unstored): (Vec<_>, Vec<_>) = open.into_values().partition(Promise::was_stored);
    if !patient.dry_run {
        promises.take_back(&lost).await?;
    }
    report.lost = lost.iter().map(named).collect();
    report.unstored = unstored.iter().map(named).collect();
    Ok(())
}

/// Payments that wait for the provider's webhook: it may be among what was lost, and a provider sends it once.
pub async fn find_waiting_for_webhooks(patient: &Patient, report: &mut Report) -> anyhow::Result<()> {
    let db = connect::database(&patient.places, "payments", 1)?;
    let sql = "select order_id from payment where state = 'pending' order by order_id";
    let pending: Vec<Uuid> = sqlx::query_scalar(sql).fetch_all(&db).await.context("the payments")?;
    report.pending_payments = pending.into_iter().map(OrderId).collect::<BTreeSet<_>>();
    Ok(())
}

fn placement(order: OrderId) -> MessageId {
    MessageId::about(order.0, PlaceOrder::INFO.code, 0)
}

fn named(promise: &Promise) -> Lost {
    let (order_id, customer_id) = (promise.order(), promise.customer);
    let made = order_id.0.get_timestamp().map_or(0, |time| {
        let (seconds, nanos) = time.to_unix();
        i64::try_from(seconds).unwrap_or_default() * 1_000 + i64::from(nanos / 1_000_000)
    });
    Lost { order_id, customer_id, accepted_at: Timestamp::from_millis(made) }
}
