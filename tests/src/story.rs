//! What happened to an order, as `orders` tells it.

use crate::{Flock, eventually};
use contracts::{Answer, Caller, CustomerId, GetTimeline, OrderStatus, Request, Role, TimelineEntry};
use serde_json::Value;
use uuid::Uuid;

/// An order's timeline, to be asked about.
#[derive(Debug, Default)]
pub struct Story(pub Vec<TimelineEntry>);

impl Story {
    /// The events' subjects, in the order of the timeline.
    pub fn events(&self) -> Vec<&str> {
        self.0.iter().map(|entry| entry.event.as_str()).collect()
    }

    /// How often an event is in it.
    pub fn count(&self, event: &str) -> usize {
        self.0.iter().filter(|entry| entry.event == event).count()
    }

    /// Whether an event is in it.
    pub fn has(&self, event: &str) -> bool {
        self.count(event) > 0
    }

    /// Whether one event stands before another; both must be there.
    #[track_caller]
    pub fn is_before(&self, earlier: &str, later: &str) -> bool {
        let place = |event: &str| self.0.iter().position(|entry| entry.event == event);
        let (Some(earlier), Some(later)) = (place(earlier), place(later)) else {
            panic!("{earlier} and {later} are not both in {:?}", self.events())
        };
        earlier < later
    }

    /// What the timeline says of an event's body: of its first occurrence.
    #[track_caller]
    pub fn data(&self, event: &str) -> &Value {
        let entry = self.0.iter().find(|entry| entry.event == event);
        let entry = entry.unwrap_or_else(|| panic!("{event} is not in {:?}", self.events()));
        entry.data.as_ref().unwrap_or(&Value::Null)
    }

    /// Checks what is so of every timeline: numbers without gaps, and a status that only moves forward.
    #[track_caller]
    pub fn assert_sound(&self) {
        for (entry, seq) in self.0.iter().zip(1..) {
            assert_eq!(entry.seq, seq, "numbers have no gaps: {:?}", self.events());
        }
        let statuses: Vec<OrderStatus> = self.0.iter().map(|entry| entry.status).collect();
        assert!(statuses.is_sorted(), "a status never moves back: {statuses:?}");
        for once in [
            "order.created",
            "order.confirmed",
            "order.cancelled",
            "order.completed",
            "order.cancel_requested",
        ] {
            assert!(self.count(once) <= 1, "{once} is told once: {:?}", self.events());
        }
    }
}

impl Flock {
    /// What happened to an order so far.
    pub async fn story(&self, order: &str) -> Story {
        let by = Caller { id: CustomerId(Uuid::nil()), role: Role::Admin };
        let question = GetTimeline { order_id: order.parse().expect("an order id"), by, after: 0 };
        let body = serde_json::to_vec(&question).expect("a question can be written");
        let Ok(reply) = self.nats().await.request(GetTimeline::SUBJECT, body.into()).await else {
            return Story::default();
        };
        let answer: Answer<GetTimeline> = serde_json::from_slice(&reply.payload).expect("an answer");
        Story(answer.map(|timeline| timeline.entries).unwrap_or_default())
    }

    /// Waits until an event has happened to an order; its story then.
    pub async fn until_event(&self, order: &str, event: &str) -> Story {
        self.until_events(order, event, 1).await
    }

    /// Waits until an event has happened so often to an order; its story then.
    pub async fn until_events(&self, order: &str, event: &str, times: usize) -> Story {
        let mut story = Story::default();
        eventually(&format!("{order} has {times} {event}"), async || {
            story = self.story(order).await;
            story.count(event) >= times
        })
        .await;
        story
    }
}
