//! Hearing at once that something happened to an order: `live.order.<id>` on core NATS.
//!
//! It may be lost or late, so whoever listens also looks for itself every few seconds.

use crate::{
    app::App,
    problem::{Kind, Problem},
};
use async_nats::Subscriber;
use contracts::{Caller, GetOrder, OrderId, OrderStatus, OrderView};
use futures_util::{FutureExt, StreamExt};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};

/// How often a request that waits looks for itself.
const LOOK: Duration = Duration::from_secs(2);

/// How far an order is.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Signal {
    /// Number of entries in its timeline.
    pub seq: i64,
    /// Its status.
    pub status: Option<OrderStatus>,
}

/// Listens to one order.
pub(crate) struct Live {
    app: Arc<App>,
    order: OrderId,
    signals: Subscriber,
    _permit: OwnedSemaphorePermit,
}

impl Live {
    /// Listens from now on: what happens after this returns and is read, is heard.
    pub async fn listen(app: &Arc<App>, order: OrderId) -> Result<Self, Problem> {
        let permit = app.streams.clone().try_acquire_owned();
        let permit = permit.map_err(|_| Problem::new(Kind::Overloaded, "too many are listening"))?;
        let signals = subscribe(app, order).await?;
        Ok(Self { app: app.clone(), order, signals, _permit: permit })
    }

    /// The next signal, the newest where several wait. Never ends: without a connection nothing comes.
    pub async fn next(&mut self) -> Signal {
        loop {
            let Some(mut message) = self.signals.next().await else { std::future::pending().await };
            while let Some(Some(newer)) = self.signals.next().now_or_never() {
                message = newer;
            }
            if let Ok(signal) = serde_json::from_slice(&message.payload) {
                return signal;
            }
        }
    }

    /// Listens to the order that this one turned out to stand for.
    pub async fn follow(&mut self, order: OrderId) -> Result<(), Problem> {
        if order != self.order {
            self.signals = subscribe(&self.app, order).await?;
            self.order = order;
        }
        Ok(())
    }
}

async fn subscribe(app: &App, order: OrderId) -> Result<Subscriber, Problem> {
    let subscribed = app.nats.client.subscribe(format!("live.order.{order}")).await;
    subscribed.map_err(|_| Problem::new(Kind::Unavailable, "not connected"))
}

/// Waits for an order to be confirmed or cancelled.
pub(crate) struct Settling {
    live: Live,
    by: Caller,
    began: Instant,
    /// The order may be settled already: then no signal comes any more.
    repeated: bool,
}

impl Settling {
    /// Listens first, so that nothing is missed that happens once the order is published. Of one that was placed before
    /// (`repeated`) it is also asked at once how it stands.
    pub async fn begin(app: &Arc<App>, by: Caller, order: OrderId, repeated: bool) -> Result<Self, Problem> {
        Ok(Self { live: Live::listen(app, order).await?, by, began: Instant::now(), repeated })
    }

    /// The settled order; `None` when it is not settled so many seconds after the beginning, or the gateway stops.
    pub async fn within(self, seconds: u64) -> Option<OrderView> {
        let (until, stop) = (self.began + Duration::from_secs(seconds), self.live.app.stop.clone());
        tokio::select! {
            view = self.settled(until) => view,
            () = stop.cancelled() => None,
        }
    }

    async fn settled(mut self, until: Instant) -> Option<OrderView> {
        loop {
            if !std::mem::take(&mut self.repeated) {
                let look = Instant::now() + LOOK;
                let settled =
                    async { while !self.live.next().await.status.is_none_or(OrderStatus::is_settled) {} };
                // Early when it is settled; else a look all the same, should a signal have been lost.
                drop(timeout_at(look.min(until), settled).await);
            }
            let question = GetOrder { order_id: self.live.order, by: self.by };
            if let Ok(Ok(Some(view))) = timeout_at(until, self.live.app.look_for(&question)).await {
                if view.status.is_settled() {
                    return Some(view);
                }
                self.live.follow(view.order_id).await.ok()?;
            }
            if Instant::now() >= until {
                return None;
            }
        }
    }
}
