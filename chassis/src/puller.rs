//! The pull loop: one inbox for all of a service's consumers, refilled before it runs dry.
//!
//! async-nats' own pull streams either stall or lose what they buffered when dropped; this loop can stop, hand
//! back, and notices requests that died silently with a server or a connection.
//!
//! A pull request can't be taken back, and what the server sends to an inbox that has just gone is delivered again only
//! after [`ACK_WAIT`](crate::in_flight::ACK_WAIT). So requests live shortly: who stops asks no more, and goes on taking
//! what comes until the last request has ended. That costs each idle consumer one request a second.

use crate::{
    connect::Nats,
    delivery::Delivery,
    in_flight::InFlight,
    leave::{leave, rest},
};
use async_nats::Subscriber;
use futures_util::{FutureExt, StreamExt};
use std::time::Duration;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

/// How long a pull request stays with the server: so long a stop may take when nothing comes.
const EXPIRES: Duration = Duration::from_secs(1);
/// A request whose end was not told so long after the last one began has been forgotten.
const FORGOTTEN: Duration = Duration::from_secs(3);
/// Most bytes that one pull request asks for.
const MAX_BYTES: usize = 16 << 20;
/// A batch is closed when its bodies exceed this.
const BATCH_BYTES: usize = 8 << 20;

/// Pulls from several durable consumers of one service.
pub(crate) struct Puller {
    nats: Nats,
    epoch: watch::Receiver<u64>,
    service: &'static str,
    sources: Vec<Source>,
    inbox: String,
    messages: Subscriber,
    /// Messages asked for ahead, per consumer.
    ahead: usize,
}

struct Source {
    stream: &'static str,
    /// Messages asked for and not yet here.
    outstanding: usize,
    /// When it was asked last.
    asked: Instant,
}

impl Puller {
    /// Opens the inbox. `streams` are those on which the service has its durable consumer.
    pub async fn open(
        nats: &Nats,
        service: &'static str,
        streams: &[&'static str],
        batch: usize,
    ) -> Result<Self, async_nats::SubscribeError> {
        let inbox = nats.client.new_inbox();
        let messages = nats.client.subscribe(format!("{inbox}.*")).await?;
        let source = |stream: &&'static str| Source { stream, outstanding: 0, asked: Instant::now() };
        Ok(Self {
            nats: nats.clone(),
            epoch: nats.epoch.clone(),
            service,
            sources: streams.iter().map(source).collect(),
            inbox,
            messages,
            ahead: batch * 2,
        })
    }

    /// The next batch: what is there, at most `max`, waiting for more as long as the most impatient message in it
    /// does. None once told to stop, when all has come that was asked for.
    pub async fn batch(
        &mut self,
        max: usize,
        waits: impl Fn(&Delivery) -> Duration,
        stop: &CancellationToken,
    ) -> Option<Vec<Delivery>> {
        let mut batch = Vec::with_capacity(max);
        let mut bytes = 0;
        let mut until: Option<Instant> = None;
        self.watch();
        while batch.len() < max && bytes < BATCH_BYTES {
            let stopping = stop.is_cancelled();
            if !stopping {
                self.refill().await;
            }
            let message = match self.messages.next().now_or_never() {
                Some(message) => message?,
                None => {
                    if self.watch() {
                        continue;
                    }
                    let ended = stopping && self.sources.iter().all(|source| source.outstanding == 0);
                    if ended || until.is_some_and(|until| until <= Instant::now()) {
                        break;
                    }
                    let wait = until.unwrap_or_else(|| Instant::now() + EXPIRES);
                    tokio::select! {
                        biased;
                        () = stop.cancelled(), if !stopping => continue,
                        message = self.messages.next() => message?,
                        _ = self.epoch.changed() => { self.forget(); continue }
                        () = tokio::time::sleep_until(wait) => {
                            if until.is_some() { break }
                            continue
                        }
                    }
                }
            };
            if let Some(delivery) = self.receive(message) {
                bytes += delivery.body.len();
                let at_most = Instant::now() + waits(&delivery);
                until = Some(until.map_or(at_most, |until| until.min(at_most)));
                batch.push(delivery);
            }
        }
        (!batch.is_empty()).then_some(batch)
    }

    /// Closes the inbox, and hands back what came too late to be taken: another replica need not wait for it.
    pub async fn leave(&mut self, in_flight: &InFlight) {
        leave(&mut self.messages).await;
        let mut left = vec![];
        while let Some(message) = rest(&mut self.messages).await {
            left.extend(self.receive(message).filter(|delivery| in_flight.take(delivery)).map(|d| d.id));
        }
        in_flight.hand_back(&self.nats, &left).await;
    }

    /// Asks for more wherever half of what was asked for is used up.
    async fn refill(&mut self) {
        for (index, source) in self.sources.iter_mut().enumerate() {
            if source.outstanding > self.ahead / 2 {
                continue;
            }
            let wanted = self.ahead - source.outstanding;
            let request =
                format!(r#"{{"batch":{wanted},"expires":{},"max_bytes":{MAX_BYTES}}}"#, EXPIRES.as_nanos());
            let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{}", source.stream, self.service);
            let reply = format!("{}.{index}", self.inbox);
            if self.nats.client.publish_with_reply(subject, reply, request.into()).await.is_ok() {
                source.outstanding = self.ahead;
                source.asked = Instant::now();
            }
        }
    }

    fn receive(&mut self, message: async_nats::Message) -> Option<Delivery> {
        if let Some(status) = message.status {
            self.on_status(&message, status.as_u16());
            return None;
        }
        let delivery = Delivery::read(message)?;
        if let Some(source) = self.sources.iter_mut().find(|source| source.stream == delivery.stream) {
            source.outstanding = source.outstanding.saturating_sub(1);
        }
        Some(delivery)
    }

    /// 404, 408, 409: the request ended with so many messages missing. 503: nobody answers.
    fn on_status(&mut self, message: &async_nats::Message, status: u16) {
        let index = message.subject.rsplit('.').next().and_then(|index| index.parse::<usize>().ok());
        let Some(source) = index.and_then(|index| self.sources.get_mut(index)) else { return };
        let headers = message.headers.as_ref();
        let pending = headers.and_then(|headers| headers.get("Nats-Pending-Messages"));
        let missing = pending.and_then(|pending| pending.as_str().parse().ok()).unwrap_or(source.outstanding);
        source.outstanding = source.outstanding.saturating_sub(missing);
        if status == 503 {
            // The server is not ready: asked again once this request would be forgotten.
            source.outstanding = self.ahead;
        }
        if status == 408 {
            // Its time was over, as every second when little comes.
            return;
        }
        let why = message.description.as_deref().unwrap_or_default();
        tracing::debug!(service = self.service, stream = source.stream, status, why, "pull request ended");
    }

    /// Requests that were out when the connection broke never come back.
    fn forget(&mut self) {
        for source in &mut self.sources {
            source.outstanding = 0;
        }
    }

    /// No request lives longer than [`EXPIRES`]. One whose end was not told is forgotten, as by a consumer's new leader
    /// after an election. True when there is one: it is asked again.
    fn watch(&mut self) -> bool {
        let mut found = false;
        for source in &mut self.sources {
            if source.outstanding > 0 && source.asked.elapsed() > FORGOTTEN {
                tracing::debug!(service = self.service, stream = source.stream, "silent, asked again");
                source.outstanding = 0;
                found = true;
            }
        }
        found
    }
}
