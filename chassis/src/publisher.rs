//! Publishing for who waits for it: what many submit makes groups, each committed at once.

use crate::{
    Outgoing, Tasks,
    connect::Nats,
    publish::{BATCH_MAX, PublishError, publish_until},
    telemetry::{self, Letter, Step},
};
use async_nats::connection::State;
use futures_util::future::join_all;
use std::time::Duration;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

/// A group commit collects only after one of so many submissions.
const COLLECT_FROM: usize = 4;
/// Longest time for which a group commit collects.
const COLLECT_MAX: Duration = Duration::from_millis(20);
/// Messages that wait for the group commit; more are made to wait.
const QUEUE: usize = 4_096;
/// Time for one message from submission to acknowledgement, where the sender waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Begins the span of sending a message, which carries it on.
fn trace(service: &'static str, message: &mut Outgoing) -> Option<Step> {
    let Outgoing { subject, about, trace, .. } = message;
    let letter = Letter { service, subject, about: Some(*about), trace: trace.as_deref() };
    let step = telemetry::send(&letter)?;
    *trace = Some(step.traceparent());
    Some(step)
}

/// Publishes for many senders at once: what is submitted while a batch is on its way makes the next batch.
#[derive(Clone)]
pub struct Publisher {
    nats: Nats,
    queue: mpsc::Sender<Submission>,
}

struct Submission {
    messages: Vec<Outgoing>,
    /// Some of them may be in the stream already.
    again: bool,
    until: Instant,
    done: oneshot::Sender<Result<(), PublishError>>,
}

impl Publisher {
    /// Starts the group commit.
    #[must_use]
    pub fn start(nats: Nats, tasks: &Tasks) -> Self {
        let (send, receive) = mpsc::channel(QUEUE);
        tasks.spawn(commit_groups(nats.clone(), receive));
        Self { nats, queue: send }
    }

    /// Publishes new messages, and waits for JetStream's acknowledgement.
    ///
    /// # Errors
    /// After five seconds, or at once when there is no connection.
    pub async fn publish(&self, messages: Vec<Outgoing>) -> Result<(), PublishError> {
        self.submit(messages, false).await
    }

    /// The same for messages that may have been published before: never in a batch, which a duplicate would spoil.
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub async fn publish_again(&self, messages: Vec<Outgoing>) -> Result<(), PublishError> {
        self.submit(messages, true).await
    }

    async fn submit(&self, messages: Vec<Outgoing>, again: bool) -> Result<(), PublishError> {
        let mut messages = messages;
        let sends: Vec<Step> =
            messages.iter_mut().filter_map(|message| trace(self.nats.user, message)).collect();
        let outcome = self.submit_traced(messages, again).await;
        if let Err(error) = &outcome {
            sends.iter().for_each(|send| send.failed(error.kind()));
        }
        outcome
    }

    async fn submit_traced(&self, messages: Vec<Outgoing>, again: bool) -> Result<(), PublishError> {
        if self.nats.client.connection_state() != State::Connected {
            return Err(PublishError::Refused("not connected to NATS".into()));
        }
        let (done, outcome) = oneshot::channel();
        let until = Instant::now() + PATIENCE;
        let submission = Submission { messages, again, until, done };
        let sent = tokio::time::timeout_at(until, self.queue.send(submission)).await;
        match sent {
            Ok(Ok(())) => match tokio::time::timeout_at(until, outcome).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err(PublishError::Unknown("stopping".into())),
                Err(_) => Err(PublishError::Unknown("no acknowledgement in time".into())),
            },
            Ok(Err(_)) => Err(PublishError::Refused("stopping".into())),
            Err(_) => Err(PublishError::Refused("too much is waiting to be published".into())),
        }
    }
}

/// Ends when all handles are dropped.
async fn commit_groups(nats: Nats, mut submissions: mpsc::Receiver<Submission>) {
    let mut waiting = Vec::with_capacity(BATCH_MAX);
    let (mut before, mut took) = (0, Duration::ZERO);
    while submissions.recv_many(&mut waiting, BATCH_MAX).await > 0 {
        // Under load, a group that waits as long as the last one took has twice the size, and costs half as much a
        // message. When little comes, who waits only makes its sender wait.
        if before >= COLLECT_FROM {
            tokio::time::sleep(took.min(COLLECT_MAX)).await;
            let room = BATCH_MAX.saturating_sub(waiting.len());
            if room > 0 && !submissions.is_empty() {
                submissions.recv_many(&mut waiting, room).await;
            }
        }
        let began = Instant::now();
        before = waiting.len();
        let (again, fresh): (Vec<_>, Vec<_>) = waiting.drain(..).partition(|submission| submission.again);
        // One that repeats itself must not make the others wait for its doubts.
        join_all([commit(&nats, fresh, true), commit(&nats, again, false)]).await;
        took = began.elapsed();
    }
}

async fn commit(nats: &Nats, mut group: Vec<Submission>, fresh: bool) {
    let now = Instant::now();
    group.retain(|submission| submission.until > now);
    let Some(until) = group.iter().map(|submission| submission.until).min() else { return };
    let messages: Vec<Outgoing> =
        group.iter_mut().flat_map(|submission| std::mem::take(&mut submission.messages)).collect();
    let outcome = publish_until(nats, &messages, fresh, Some(until)).await;
    for submission in group {
        drop(submission.done.send(outcome.clone()));
    }
}
