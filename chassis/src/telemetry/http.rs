//! Requests at the gateway: how many, how they were answered, how long they took (RED), by route and never by path.

use super::{
    instrument::{Counter, Histogram, Label, UpDown, is_measured},
    request,
    step::Step,
};
use opentelemetry::KeyValue;
use std::time::{Duration, Instant};

static DURATION: Histogram =
    Histogram::seconds("http.server.request.duration", "From a request's head to the head of its answer");
static ACTIVE: UpDown = UpDown::new("http.server.active_requests", "{request}", "Requests under way");
static REFUSED: Counter =
    Counter::new("starling.http.refused", "{request}", "Requests and connections that were turned away");

/// What is recorded for a request whose client left before it was answered, as nginx has it.
const CLIENT_LEFT: u16 = 499;
const PANICKED: u16 = 500;
const TOO_SLOW: u16 = 503;

/// A request under way.
#[must_use = "it is recorded when it is answered or dropped"]
pub struct Asked {
    method: &'static str,
    route: &'static str,
    patience: Duration,
    began: Instant,
    status: Option<u16>,
}

/// A request came to this route (its pattern), and is given up after `patience`. Nothing when telemetry is off.
pub fn asked(method: &'static str, route: &'static str, patience: Duration) -> Option<Asked> {
    is_measured().then(|| {
        ACTIVE.add(1);
        Asked { method, route, patience, began: Instant::now(), status: None }
    })
}

impl Asked {
    /// It was answered with this status.
    pub fn answered(mut self, status: u16) {
        self.status = Some(status);
    }

    /// What the client was told in its stead, when nobody here answered.
    fn told(&self) -> u16 {
        if std::thread::panicking() {
            PANICKED
        } else if self.began.elapsed() >= self.patience {
            TOO_SLOW
        } else {
            CLIENT_LEFT
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        ACTIVE.add(-1);
        let status = self.status.unwrap_or_else(|| self.told());
        let of = [
            ("http.request.method", Label::Word(self.method)),
            ("http.route", Label::Word(self.route)),
            ("http.response.status_code", Label::Number(status)),
        ];
        DURATION.record(self.began.elapsed().as_secs_f64(), of);
    }
}

/// The first span of what a request brings about.
#[must_use = "it ends as failed unless it is answered"]
pub struct Root {
    step: Step,
    status: Option<u16>,
}

/// Begins the step of answering a request, `name` being method and route: in the caller's trace as the caller sampled
/// it, else in a trace of its own for the set share of requests. Nothing when it is not sampled or tracing is off.
pub fn root(
    traceparent: Option<&str>,
    name: &'static str,
    method: &'static str,
    route: &'static str,
) -> Option<Root> {
    let of = [
        KeyValue::new("http.request.method", method),
        KeyValue::new("http.route", route),
        KeyValue::new("starling.service", "gateway"),
    ];
    request::root(traceparent, name, of).map(|step| Root { step, status: None })
}

impl Root {
    /// The span.
    pub const fn step(&self) -> &Step {
        &self.step
    }

    /// It was answered with this status.
    pub fn answered(mut self, status: u16) {
        self.status = Some(status);
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        match self.status {
            Some(status) => {
                self.step.tell("http.response.status_code", i64::from(status));
                if status >= 500 {
                    self.step.failed("server error");
                }
            }
            None => self.step.failed("not answered"),
        }
    }
}

/// Counts a request or connection that was turned away: `crowd` (too many under way), `connections` (of one address),
/// `pace` or `quota` (of a caller), `slow` (no answer in time).
pub fn refused(reason: &'static str) {
    REFUSED.add(1, [("reason", reason)]);
}
