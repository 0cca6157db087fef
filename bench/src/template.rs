//! Real orders, with all of their messages: what the limits and the preloaded tables are made of.

use crate::{
    flock::Flock,
    load::{Load, Pace, Running},
    mix::Mix,
};
use anyhow::{Context, ensure};
use bytes::Bytes;
use chassis::Outgoing;
use contracts::{
    HEADER_CAUSATION, HEADER_ID, HEADER_SUBJECT, HEADER_TIME, HEADER_TRACE, HEADER_TYPE, MessageId, Timestamp,
};
use futures_util::StreamExt;
use std::{borrow::Cow, collections::BTreeMap, time::Duration};
use uuid::Uuid;

/// Orders that are placed to be copied. A multiple of it are preloaded.
pub const ORDERS: u64 = 256;
/// Silence after which no more messages of settled orders are expected.
const SILENCE: Duration = Duration::from_secs(2);
/// Subjects of an order's messages. (Not `cmd.>`: the generator may not listen to others' commands.)
const SUBJECTS: [&str; 5] = ["cmd.order.place", "order.>", "stock.>", "payment.>", "shipment.>"];

/// Confirmed orders of two lines.
pub struct Templates {
    /// Their ids and messages, as they were published.
    pub orders: Vec<(Uuid, Vec<Outgoing>)>,
}

impl Templates {
    /// Places them, and waits until they are settled.
    pub async fn take(flock: &Flock, connections: u32) -> anyhow::Result<Self> {
        let mut heard = vec![];
        for subject in SUBJECTS {
            heard.push(flock.nats.subscribe(subject).await?);
        }
        flock.nats.flush().await?;
        let load = Load {
            pace: Pace::Burst(ORDERS),
            mix: Mix::default(),
            connections: connections.min(32),
            warm_up: Duration::ZERO,
            measured: Duration::ZERO,
            reads_per_order: 0.0,
        };
        let mut running = Running::begin(flock, &load).await?;
        running.placed().await?;
        running.settled().await?;
        ensure!(running.tracker.failed() == 0, "{} of {ORDERS} orders failed", running.tracker.failed());
        let mut orders: BTreeMap<Uuid, Vec<Outgoing>> = BTreeMap::new();
        let mut messages = futures_util::stream::select_all(heard);
        while let Ok(Some(message)) = tokio::time::timeout(SILENCE, messages.next()).await {
            if let Some(message) = outgoing(&message) {
                orders.entry(message.about).or_default().push(message);
            }
        }
        // What is not about one of the orders (a stock level) has fewer.
        let most = orders.values().map(Vec::len).max().unwrap_or(0);
        orders.retain(|_, messages| messages.len() == most);
        ensure!(
            orders.len() * 2 > usize::try_from(ORDERS)?,
            "only {} orders had {most} messages",
            orders.len()
        );
        Ok(Self { orders: orders.into_iter().collect() })
    }

    /// Messages of an order.
    #[must_use]
    pub fn messages_per_order(&self) -> usize {
        self.orders.first().map_or(0, |(_, messages)| messages.len())
    }
}

/// The message that was published, from the one that was heard.
fn outgoing(message: &async_nats::Message) -> Option<Outgoing> {
    let header = |name| message.headers.as_ref()?.get(name).map(async_nats::HeaderValue::as_str);
    Some(Outgoing {
        id: header(HEADER_ID)?.parse().ok()?,
        subject: Cow::Owned(message.subject.to_string()),
        ce_type: Cow::Owned(header(HEADER_TYPE)?.to_owned()),
        at_millis: Timestamp::parse(header(HEADER_TIME)?).ok()?.millis(),
        about: header(HEADER_SUBJECT)?.parse().ok()?,
        causation: header(HEADER_CAUSATION).and_then(|id| id.parse().ok()),
        trace: header(HEADER_TRACE).map(str::to_owned),
        body: Bytes::copy_from_slice(&message.payload),
    })
}

/// The same message of another order: as large, with an id of its own.
pub fn of_another(message: &Outgoing, order: Uuid) -> anyhow::Result<Outgoing> {
    let bytes = message.id.0.into_bytes();
    let [code, count] = bytes.last_chunk::<2>().copied().context("an id has 16 bytes")?;
    Ok(Outgoing { id: MessageId::about(order, code, count), about: order, ..message.clone() })
}
