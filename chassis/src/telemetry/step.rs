//! Spans: one order, one trace; each step is a child of the one that led to it, through `ce-traceparent`.
//!
//! Only what belongs to a sampled trace gets spans; all else costs a look at its flags.

use super::context::write;
use opentelemetry::{
    Context, ContextGuard, Key, KeyValue, Value,
    trace::{FutureExt, Span, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, Tracer},
};
use opentelemetry_sdk::trace::SdkTracer;
use std::{future::Future, sync::OnceLock};

/// Empty without an endpoint.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

pub(super) fn switch_on(tracer: SdkTracer) {
    TRACER.get_or_init(|| tracer);
}

/// None when there is nowhere to send spans to.
pub(super) fn tracer() -> Option<&'static SdkTracer> {
    TRACER.get()
}

/// Whether there is anywhere to send spans to.
pub(crate) fn is_traced() -> bool {
    TRACER.get().is_some()
}

/// A span of a sampled trace. It ends when this is dropped.
#[derive(Debug)]
#[must_use = "the step ends when it is dropped"]
pub struct Step {
    context: Context,
}

impl Step {
    /// W3C `traceparent` for what follows from this step.
    #[must_use]
    pub fn traceparent(&self) -> String {
        write(self.context.span().span_context())
    }

    /// Makes what this thread logs carry the step's ids, until the guard is dropped. Not across an `await`.
    pub fn enter(&self) -> ContextGuard {
        self.context.clone().attach()
    }

    /// Makes what a future logs carry the step's ids.
    pub fn around<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        future.with_context(self.context.clone())
    }

    /// It failed, and why: a word of the program's own, so that nothing of a message gets into a trace.
    pub fn failed(&self, why: &'static str) {
        let span = self.context.span();
        span.set_status(Status::error(why));
        span.set_attribute(KeyValue::new("error.type", why));
    }

    /// Says more of it.
    pub fn tell(&self, name: impl Into<Key>, value: impl Into<Value>) {
        self.context.span().set_attribute(KeyValue::new(name, value));
    }

    /// It belongs together with another, of whatever trace.
    pub(crate) fn link(&self, other: SpanContext) {
        self.context.span().add_link(other, vec![]);
    }

    pub(crate) fn span_context(&self) -> SpanContext {
        self.context.span().span_context().clone()
    }

    /// A step within this one, in the same process.
    pub(crate) fn inner(
        &self,
        kind: SpanKind,
        name: &'static str,
        attributes: Vec<KeyValue>,
    ) -> Option<Self> {
        let tracer = TRACER.get()?;
        start(tracer, tracer.span_builder(name).with_kind(kind).with_attributes(attributes), &self.context)
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.context.span().end();
    }
}

/// Begins a step under `parent`; none when its trace is not sampled.
pub(super) fn start(tracer: &SdkTracer, builder: SpanBuilder, parent: &Context) -> Option<Step> {
    let span = builder.start_with_context(tracer, parent);
    let sampled = span.span_context().is_sampled();
    sampled.then(|| Step { context: parent.with_span(span) })
}
