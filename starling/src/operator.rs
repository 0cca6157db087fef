//! The operator's way past the front door: requests to services, and a look at streams and consumers, as the NATS
//! user `operator`.

use anyhow::{Context, bail};
use chassis::{Wiring, connect, permissions::OPERATOR, provision::consumers, settings};
use contracts::{Caller, CustomerId, MessageId, Refusal, Request, Role};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often something is looked at that should come about.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The operator, as services are told who asks.
#[must_use]
pub fn operator() -> Caller {
    Caller { id: CustomerId(MessageId::named(&["starling", OPERATOR]).0), role: Role::Service }
}

/// Signed in as the operator.
pub struct Operator {
    nats: connect::Nats,
}

/// How far a durable consumer is.
#[derive(Debug, Clone, Deserialize)]
pub struct ConsumerState {
    /// Messages not yet delivered.
    pub num_pending: u64,
    /// Messages delivered and not yet acknowledged.
    pub num_ack_pending: u64,
    /// The last message that was delivered.
    pub delivered: Floor,
    /// Up to where everything is acknowledged.
    pub ack_floor: Floor,
}

/// A place in a stream.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Floor {
    /// Sequence in the stream.
    pub stream_seq: u64,
}

impl ConsumerState {
    /// Nothing waits and nothing is being worked on.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.num_pending == 0 && self.num_ack_pending == 0
    }
}

/// What a stream holds.
#[derive(Debug, Clone, Deserialize)]
pub struct StreamState {
    /// Messages in it.
    pub messages: u64,
    /// The newest message.
    pub last_seq: u64,
}

impl Operator {
    /// Signs in.
    ///
    /// # Errors
    /// When NATS is away or refuses the user.
    pub async fn sign_in(places: &settings::Parts) -> anyhow::Result<Self> {
        Ok(Self { nats: connect::nats(places, OPERATOR).await? })
    }

    /// The connection.
    #[must_use]
    pub const fn nats(&self) -> &connect::Nats {
        &self.nats
    }

    /// Asks a service.
    ///
    /// # Errors
    /// When it does not answer, or refuses.
    pub async fn ask<R: Request>(&self, question: &R) -> anyhow::Result<R::Reply> {
        self.ask_on(R::SUBJECT, question).await
    }

    /// Asks whoever answers on a subject.
    ///
    /// # Errors
    /// When nobody does, or the question is refused.
    pub async fn ask_on<Q: Serialize + Sync, R: DeserializeOwned>(
        &self,
        subject: &str,
        question: &Q,
    ) -> anyhow::Result<R> {
        let payload = serde_json::to_vec(question)?.into();
        let reply = self.nats.client.request(subject.to_owned(), payload).await;
        let reply = reply.with_context(|| format!("asking on {subject}"))?;
        let answer: Result<R, Refusal> =
            serde_json::from_slice(&reply.payload).with_context(|| format!("the answer on {subject}"))?;
        answer.with_context(|| subject.to_owned())
    }

    /// How far a service is with a stream.
    ///
    /// # Errors
    /// When there is no such consumer.
    pub async fn consumer(&self, stream: &str, service: &str) -> anyhow::Result<ConsumerState> {
        self.jetstream(&format!("CONSUMER.INFO.{stream}.{service}")).await
    }

    /// What a stream holds.
    ///
    /// # Errors
    /// When there is no such stream.
    pub async fn stream(&self, stream: &str) -> anyhow::Result<StreamState> {
        /// The part of STREAM.INFO that matters here.
        #[derive(Deserialize)]
        struct Info {
            state: StreamState,
        }
        Ok(self.jetstream::<Info>(&format!("STREAM.INFO.{stream}")).await?.state)
    }

    /// Waits until a service has worked through all that is in a stream now.
    ///
    /// # Errors
    /// When it has not by then.
    pub async fn caught_up(&self, stream: &str, service: &str, patience: Duration) -> anyhow::Result<()> {
        let target = self.stream(stream).await?.last_seq;
        let until = Instant::now() + patience;
        loop {
            let state = self.consumer(stream, service).await?;
            if state.is_idle() || state.ack_floor.stream_seq >= target {
                return Ok(());
            }
            if Instant::now() >= until {
                bail!("{service} has not caught up with {stream}: {} messages wait", state.num_pending);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until no service has anything to do: all consumers idle at two looks in a row.
    ///
    /// # Errors
    /// When somebody still has by then: who.
    pub async fn quiet(&self, flock: &[Wiring], patience: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + patience;
        let mut calm = 0;
        loop {
            let busy = self.busy(flock).await?;
            calm = if busy.is_empty() { calm + 1 } else { 0 };
            if calm == 2 {
                return Ok(());
            }
            if !busy.is_empty() && Instant::now() >= until {
                bail!("not quiet after {} s: {}", patience.as_secs(), busy.join(", "));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// The consumers that have something to do.
    async fn busy(&self, flock: &[Wiring]) -> anyhow::Result<Vec<String>> {
        let mut busy = vec![];
        for wiring in flock {
            for stream in consumers(wiring).into_keys() {
                let state = self.consumer(stream, wiring.name).await?;
                if !state.is_idle() {
                    let (waiting, at_hand) = (state.num_pending, state.num_ack_pending);
                    busy.push(format!("{} on {stream} ({waiting} waiting, {at_hand} at hand)", wiring.name));
                }
            }
        }
        Ok(busy)
    }

    async fn jetstream<T: DeserializeOwned>(&self, api: &str) -> anyhow::Result<T> {
        let reply = self.nats.client.request(format!("$JS.API.{api}"), "".into()).await;
        let reply = reply.with_context(|| api.to_owned())?;
        serde_json::from_slice(&reply.payload)
            .with_context(|| format!("{api}: {}", String::from_utf8_lossy(&reply.payload)))
    }
}
