//! `GET /v1/orders/{id}/events`: the order's timeline as server-sent events, on any replica.
//!
//! Listens first, then reads the timeline, and reads on whenever a signal tells of more, or every few seconds. An
//! event's id is its number, so a client that lost its connection goes on where it was.

use super::{Found, find, live::Live, order_id};
use crate::{access::By, app::App, problem::Problem};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use contracts::{Caller, GetTimeline, OrderId, OrderStatus, TimelineEntry};
use futures_util::stream;
use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep_until, timeout_at};

/// How often the timeline is read without a signal.
const LOOK: Duration = Duration::from_secs(5);
/// How soon it is read again after less came than a signal told of, or `orders` did not answer.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How often a stream without news says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a stream lasts; the client comes back with `Last-Event-ID`, and a token that is still good.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// How soon a client comes back after a stream ended.
const RETRY: Duration = Duration::from_secs(1);

pub(crate) async fn events(
    State(app): State<Arc<App>>,
    By(caller): By,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let order = order_id(&id)?;
    let last = last_event_id(&headers)?;
    let live = Live::listen(&app, order).await?;
    let mut follower = Follower::new(app, caller, order, live, last);
    if let Found::Placed(_) = find(&follower.app, caller, order).await? {
        follower.read().await?;
        if follower.is_over() {
            // Tells an EventSource not to come back.
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
    }
    let events = stream::unfold(follower, |mut follower| async move {
        let entry = follower.next().await?;
        Some((Ok::<_, Infallible>(event(&entry)), follower))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response())
}

/// Goes along with one order.
struct Follower {
    app: Arc<App>,
    by: Caller,
    order: OrderId,
    live: Live,
    /// Number of the last entry that was read.
    last: i64,
    status: OrderStatus,
    waiting: VecDeque<TimelineEntry>,
    look: Instant,
    until: Instant,
}

impl Follower {
    fn new(app: Arc<App>, by: Caller, order: OrderId, live: Live, last: i64) -> Self {
        let now = Instant::now();
        let (status, waiting) = (OrderStatus::Accepted, VecDeque::new());
        Self { app, by, order, live, last, status, waiting, look: now + LOOK, until: now + LONGEST }
    }

    /// The next entry; `None` when the order is final and all is told, or the stream has to end.
    async fn next(&mut self) -> Option<TimelineEntry> {
        loop {
            if let Some(entry) = self.waiting.pop_front() {
                return Some(entry);
            }
            if self.is_over() {
                return None;
            }
            let told = tokio::select! {
                signal = self.live.next() => signal.seq,
                () = sleep_until(self.look) => self.last,
                () = sleep_until(self.until) => return None,
                () = self.app.stop.cancelled() => return None,
            };
            if told > self.last || Instant::now() >= self.look {
                let read = timeout_at(self.until, self.read()).await;
                let complete = matches!(read, Ok(Ok(()))) && self.last >= told;
                self.look = Instant::now() + if complete { LOOK } else { LOOK_AGAIN };
            }
        }
    }

    /// Reads what is new.
    async fn read(&mut self) -> Result<(), Problem> {
        let question = GetTimeline { order_id: self.order, by: self.by, after: self.last };
        let Some(timeline) = self.app.look_for(&question).await? else { return Ok(()) };
        self.live.follow(timeline.order_id).await?;
        self.status = timeline.status;
        for entry in timeline.entries {
            if entry.seq > self.last {
                self.last = entry.seq;
                self.waiting.push_back(entry);
            }
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.waiting.is_empty() && matches!(self.status, OrderStatus::Completed | OrderStatus::Cancelled)
    }
}

fn event(entry: &TimelineEntry) -> Event {
    let event = Event::default().id(entry.seq.to_string()).event(&entry.event).retry(RETRY);
    event.json_data(entry).unwrap_or_else(|_| Event::default().comment("an entry could not be written"))
}

fn last_event_id(headers: &HeaderMap) -> Result<i64, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(0) };
    let seq = value.to_str().ok().and_then(|value| value.parse().ok()).filter(|seq| *seq >= 0);
    seq.ok_or_else(|| Problem::header("Last-Event-ID", "the id of an event: a whole number"))
}
