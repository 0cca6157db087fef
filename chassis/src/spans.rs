//! The spans of one try at a batch: of the batch, of each sampled message in it, and of each that follows from one.
//!
//! None are made, and nothing is allocated, when no message is sampled.

use crate::{
    delivery::Delivery,
    telemetry::{self, Letter, Step},
    trails::{self, Trails},
    writes::Writes,
};
use contracts::is_about_an_order;
use opentelemetry::{KeyValue, trace::SpanKind};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Why a try came to nothing, when nobody said.
const CUT_OFF: &str = "not committed";

/// Spans that end as failed unless they are told that all was committed.
pub(crate) struct Spans<'t> {
    service: &'static str,
    trails: &'t Trails,
    batch: Option<Step>,
    messages: Vec<Step>,
    sends: Vec<Step>,
    /// What is done last about each order.
    lasts: BTreeMap<Uuid, String>,
    why: Option<&'static str>,
}

impl<'t> Spans<'t> {
    /// A try begins.
    pub fn begin(service: &'static str, trails: &'t Trails, batch: &[&Delivery]) -> Self {
        let batch = telemetry::batch_of(service, batch.iter().map(|delivery| delivery.trace.as_deref()));
        Self {
            service,
            trails,
            batch,
            messages: vec![],
            sends: vec![],
            lasts: BTreeMap::new(),
            why: Some(CUT_OFF),
        }
    }

    /// What the database does, until it is dropped.
    pub fn database(&self, what: &'static str) -> Option<Step> {
        let of = || {
            vec![
                KeyValue::new("db.system.name", "postgresql"),
                KeyValue::new("db.namespace", self.service),
                KeyValue::new("starling.service", self.service),
            ]
        };
        self.batch.as_ref().and_then(|batch| batch.inner(SpanKind::Client, what, of()))
    }

    /// A message is decided: which of the spans is its own.
    pub fn message(&mut self, delivery: &Delivery) -> Option<usize> {
        let step = telemetry::process(&delivery.letter(self.service), delivery.came)?;
        if let Some(batch) = &self.batch {
            step.link(batch.span_context());
        }
        if let Some(order) = delivery.about.filter(|_| is_about_an_order(&delivery.subject)) {
            self.lasts.insert(order, step.traceparent());
        }
        self.messages.push(step);
        Some(self.messages.len() - 1)
    }

    /// A message's span.
    pub fn of(&self, message: Option<usize>) -> Option<&Step> {
        self.messages.get(message?)
    }

    /// Something follows from a message: the `traceparent` that it is to carry.
    pub fn send(&mut self, message: Option<usize>, subject: &str, about: Uuid) -> Option<String> {
        let trace = self.of(message)?.traceparent();
        let letter = Letter { service: self.service, subject, about: Some(about), trace: Some(&trace) };
        let step = telemetry::send(&letter)?;
        let trace = step.traceparent();
        self.sends.push(step);
        Some(trace)
    }

    /// Writes which trace each order is in, for what no message leads to.
    pub fn leave(&self, writes: &mut Writes) {
        trails::write(writes, &self.lasts);
    }

    /// The try came to nothing.
    pub fn failed(&mut self, why: &'static str) {
        self.why = Some(why);
    }

    /// All was committed; what remains open is what has to be sent.
    pub fn committed(mut self) -> Vec<Step> {
        self.why = None;
        self.trails.note(std::mem::take(&mut self.lasts));
        std::mem::take(&mut self.sends)
    }
}

impl Drop for Spans<'_> {
    fn drop(&mut self) {
        let Some(why) = self.why else { return };
        self.batch.iter().chain(&self.messages).chain(&self.sends).for_each(|step| step.failed(why));
    }
}
