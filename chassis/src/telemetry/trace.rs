//! One order, one trace: each step is a child of the one that led to it, through `ce-traceparent`.

use opentelemetry::{
    Context, ContextGuard, KeyValue,
    trace::{
        FutureExt, SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer,
    },
};
use opentelemetry_sdk::trace::SdkTracer;
use std::{future::Future, sync::OnceLock};
use uuid::Uuid;

/// Empty without an endpoint.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

pub(super) fn switch_on(tracer: SdkTracer) {
    TRACER.get_or_init(|| tracer);
}

/// A span of a sampled trace. It ends when this is dropped.
#[must_use = "the step ends when it is dropped"]
pub struct Step {
    context: Context,
}

impl Step {
    /// W3C `traceparent` for what follows from this step.
    #[must_use]
    pub fn traceparent(&self) -> String {
        let span = self.context.span();
        let span = span.span_context();
        format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8())
    }

    /// Makes what this thread logs carry the step's ids, until the guard is dropped. Not across an `await`.
    pub fn enter(&self) -> ContextGuard {
        self.context.clone().attach()
    }

    /// Makes what a future logs carry the step's ids.
    pub fn around<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        future.with_context(self.context.clone())
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.context.span().end();
    }
}

/// Begins the step of handling a message: a child of the step that sent it, if that one is sampled. The span is
/// called `name subject`. Nothing, at no cost, when the message is of no sampled trace or tracing is off.
pub fn continue_trace(
    parent: Option<&str>,
    name: &'static str,
    service: &'static str,
    subject: &str,
    order: Option<Uuid>,
) -> Option<Step> {
    let tracer = TRACER.get()?;
    let parent = parse(parent?).filter(SpanContext::is_sampled)?;
    let mut attributes = vec![
        KeyValue::new("messaging.system", "nats"),
        KeyValue::new("messaging.operation.type", "process"),
        KeyValue::new("messaging.operation.name", name),
        KeyValue::new("messaging.destination.name", subject.to_owned()),
        KeyValue::new("starling.service", service),
    ];
    attributes.extend(order.map(|order| KeyValue::new("order.id", order.to_string())));
    let span = tracer.span_builder(format!("{name} {subject}"));
    let span = span.with_kind(SpanKind::Consumer).with_attributes(attributes);
    let parent = Context::new().with_remote_span_context(parent);
    let span = span.start_with_context(tracer, &parent);
    Some(Step { context: Context::new().with_span(span) })
}

/// Begins the step of answering an HTTP request: in the caller's trace as the caller sampled it, else a trace of
/// its own for the set share of requests. Nothing when it is not sampled or tracing is off.
pub fn root(traceparent: Option<&str>, name: &'static str) -> Option<Step> {
    let tracer = TRACER.get()?;
    let parent = match traceparent.and_then(parse) {
        Some(parent) if !parent.is_sampled() => return None,
        Some(parent) => Context::new().with_remote_span_context(parent),
        None => Context::new(),
    };
    let span = tracer.span_builder(name).with_kind(SpanKind::Server).start_with_context(tracer, &parent);
    let context = Context::new().with_span(span);
    let sampled = context.span().span_context().is_sampled();
    sampled.then_some(Step { context })
}

/// The trace of a W3C `traceparent`, if it is sampled: what is not cannot be looked at.
#[must_use]
pub fn trace_id(traceparent: &str) -> Option<Uuid> {
    let context = parse(traceparent).filter(SpanContext::is_sampled)?;
    Some(Uuid::from_bytes(context.trace_id().to_bytes()))
}

/// Reads a W3C `traceparent`: `version-trace id-parent id-flags` in lower-case hex. A later version may have more
/// at the end (W3C Trace Context, 4.3).
fn parse(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-');
    let mut hex = |length: usize| {
        let part = parts.next().filter(|part| part.len() == length)?;
        part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).then_some(part)
    };
    let (version, trace, span, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
    if version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[track_caller]
    fn check(traceparent: &str, sampled: Option<bool>) {
        assert_eq!(parse(traceparent).map(|context| context.is_sampled()), sampled);
    }

    #[test]
    fn a_traceparent_is_read_to_the_letter_of_the_standard() {
        check(PARENT, Some(true));
        check("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", Some(false));
        check("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03", Some(true));
        check("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", Some(true));
        check("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", None);
        check("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", None);
        check("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", None);
        check("00-00000000000000000000000000000000-b7ad6b7169203331-01", None);
        check("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", None);
        check("00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01", None);
        check("00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", None);
        check("", None);
    }

    #[test]
    fn only_a_sampled_trace_has_an_id_to_look_at() {
        let id = trace_id(PARENT).map(|id| id.simple().to_string());
        assert_eq!(id.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
        assert_eq!(trace_id("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"), None);
        assert_eq!(trace_id("none"), None);
    }

    #[test]
    fn without_an_endpoint_no_step_is_made() {
        assert!(continue_trace(Some(PARENT), "process", "orders", "order.created", None).is_none());
        assert!(root(Some(PARENT), "POST /v1/orders").is_none());
    }
}
