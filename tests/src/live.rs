//! An order's server-sent events, read as a browser reads them.

use crate::Client;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use std::time::Duration;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveEvent {
    /// Its number: the event id.
    pub id: i64,
    /// Its name: the subject.
    pub event: String,
    /// Its data.
    pub data: Value,
}

/// An open stream of events.
pub struct Live {
    response: Response,
    unread: String,
}

impl Client {
    /// Follows an order, from after the event `last` on.
    pub async fn follow(&self, order: &str, last: Option<i64>) -> Live {
        let mut response = self.follow_raw(order, last).await;
        // Accepted a moment ago, and Redis did not remember it: the client is told to try again.
        for _ in 0..100 {
            if response.status() != StatusCode::NOT_FOUND || !response.headers().contains_key("retry-after") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            response = self.follow_raw(order, last).await;
        }
        assert_eq!(response.status(), StatusCode::OK, "{response:?}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Live { response, unread: String::new() }
    }

    /// The same as the answer comes.
    pub async fn follow_raw(&self, order: &str, last: Option<i64>) -> Response {
        let mut request = self.request(Method::GET, &format!("/v1/orders/{order}/events"));
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        request.send().await.expect("an answer")
    }
}

impl Live {
    /// The next event; none when the stream has ended.
    pub async fn next(&mut self) -> Option<LiveEvent> {
        loop {
            while let Some((block, rest)) = self.unread.split_once("\n\n") {
                let (event, rest) = (read(block), rest.to_owned());
                self.unread = rest;
                if event.is_some() {
                    return event;
                }
            }
            let chunk = self.response.chunk().await.expect("the stream is not broken off")?;
            self.unread.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    /// The events up to the first with this name.
    pub async fn until(&mut self, event: &str) -> Vec<LiveEvent> {
        let mut events = vec![];
        loop {
            let next = self.next().await;
            let next = next.unwrap_or_else(|| panic!("the stream ended before {event}: {events:?}"));
            let found = next.event == event;
            events.push(next);
            if found {
                return events;
            }
        }
    }

    /// All events up to the end of the stream.
    pub async fn to_the_end(mut self) -> Vec<LiveEvent> {
        let mut events = vec![];
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

/// Reads one block of lines; none when it is only a comment (a heartbeat).
fn read(block: &str) -> Option<LiveEvent> {
    let field = |name: &str| {
        let mut lines = block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        lines.next().map(str::trim_start)
    };
    let data = field("data")?;
    let data = serde_json::from_str(data).expect("data is JSON");
    let id = field("id").expect("every event has an id").parse().expect("ids are numbers");
    Some(LiveEvent { id, event: field("event").expect("every event has a name").to_owned(), data })
}
