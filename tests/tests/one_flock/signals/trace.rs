//! One trace, put together from what a collector received.

use opentelemetry_proto::tonic::{
    common::v1::{KeyValue, any_value::Value},
    metrics::v1::{Metric, metric::Data},
    trace::v1::Span,
};
use std::collections::BTreeSet;
use tests::eventually;
use tools::collector::{Collector, Received, attribute};

/// The spans of one trace.
#[derive(Debug)]
pub struct Trace(Vec<Span>);

impl Trace {
    /// Waits until a trace has the spans of all these services and this last one, and nobody's parent is missing; and
    /// checks that the order is named wherever something is done about it.
    pub async fn until_whole(
        collector: &Collector,
        got: &mut Received,
        id: &str,
        order: &str,
        services: &[&str],
        last: &str,
    ) -> Self {
        let mut trace = Self(vec![]);
        eventually(&format!("the trace of {order} is whole"), async || {
            keep(collector, got);
            trace = Self::of(got, id);
            let there = trace.services();
            let complete = services.iter().all(|service| there.contains(*service));
            let ended = trace.0.iter().any(|span| span.name == last);
            complete && ended && trace.orphans().is_empty()
        })
        .await;
        for span in &trace.0 {
            let named = attribute(&span.attributes, "order.id");
            assert_eq!(named.as_deref(), Some(order), "{}: {span:?}", span.name);
        }
        let roots = trace.0.iter().filter(|span| span.parent_span_id.is_empty()).count();
        assert_eq!(roots, 1, "one trace has one root: {trace:?}");
        trace
    }

    fn of(got: &Received, id: &str) -> Self {
        let ours = |span: &&Span| hex(&span.trace_id) == id;
        Self(got.spans.iter().filter(ours).cloned().collect())
    }

    fn services(&self) -> BTreeSet<String> {
        self.0.iter().filter_map(|span| attribute(&span.attributes, "starling.service")).collect()
    }

    /// Spans whose parent never came.
    fn orphans(&self) -> Vec<&Span> {
        let known: BTreeSet<&[u8]> = self.0.iter().map(|span| span.span_id.as_slice()).collect();
        let is_orphan =
            |span: &&Span| !span.parent_span_id.is_empty() && !known.contains(span.parent_span_id.as_slice());
        self.0.iter().filter(is_orphan).collect()
    }

    /// Which of its spans have failed, and why; each pair once.
    pub fn failures(&self) -> Vec<(&str, &str)> {
        let failed = self.0.iter().filter_map(|span| {
            let status = span.status.as_ref().filter(|status| !status.message.is_empty())?;
            Some((span.name.as_str(), status.message.as_str()))
        });
        BTreeSet::from_iter(failed).into_iter().collect()
    }

    /// Whether any span of it has this mark.
    pub fn is_marked(&self, mark: &str) -> bool {
        self.0.iter().any(|span| is_marked(span, mark))
    }
}

/// What was done in the transactions of this name that had a message of this trace; each thing once.
pub fn of_batch(got: &Received, trace: &str, name: &str) -> Vec<String> {
    let is_linked = |span: &&Span| span.links.iter().any(|link| hex(&link.trace_id) == trace);
    let batches = got.spans.iter().filter(|span| span.name == name).filter(is_linked);
    let ids: BTreeSet<&[u8]> = batches.map(|span| span.span_id.as_slice()).collect();
    let inner = got.spans.iter().filter(|span| ids.contains(span.parent_span_id.as_slice()));
    BTreeSet::from_iter(inner.map(|span| span.name.clone())).into_iter().collect()
}

/// Whether a trace has a span of this name that began after this time (nanoseconds since 1970).
pub fn has(got: &Received, trace: &str, name: &str, since: u64) -> bool {
    let mut spans = got.spans.iter().filter(|span| hex(&span.trace_id) == trace);
    spans.any(|span| span.name == name && span.start_time_unix_nano > since)
}

/// Whether a root of this name that began after this time is linked to a trace.
pub fn is_linked(got: &Received, trace: &str, name: &str, since: u64) -> bool {
    let mut roots = got.spans.iter().filter(|span| span.parent_span_id.is_empty());
    roots.any(|span| {
        span.name == name
            && span.start_time_unix_nano > since
            && span.links.iter().any(|link| hex(&link.trace_id) == trace)
    })
}

/// Whether a span has an attribute that is true.
pub fn is_marked(span: &Span, mark: &str) -> bool {
    let found = span.attributes.iter().find(|attribute| attribute.key == mark);
    let value = found.and_then(|attribute| attribute.value.as_ref()?.value.as_ref());
    matches!(value, Some(Value::BoolValue(true)))
}

/// Adds what came since.
pub fn keep(collector: &Collector, got: &mut Received) {
    let new = collector.take();
    got.spans.extend(new.spans);
    got.logs.extend(new.logs);
    got.metrics.extend(new.metrics);
}

/// All labels of a metric that are texts.
pub fn labels(metric: &Metric) -> Vec<(String, String)> {
    let points: Vec<&[KeyValue]> = match metric.data.as_ref() {
        Some(Data::Sum(sum)) => sum.data_points.iter().map(|point| point.attributes.as_slice()).collect(),
        Some(Data::Gauge(gauge)) => {
            gauge.data_points.iter().map(|point| point.attributes.as_slice()).collect()
        }
        Some(Data::Histogram(histogram)) => {
            histogram.data_points.iter().map(|point| point.attributes.as_slice()).collect()
        }
        _ => vec![],
    };
    let texts = points.into_iter().flatten();
    texts.filter_map(|of| Some((of.key.clone(), attribute(std::slice::from_ref(of), &of.key)?))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
