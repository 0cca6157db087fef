//! Spans: one order, one trace; each step is a child of the one that led to it, through `ce-traceparent`.
//!
//! A first delivery is a child of the span that sent it. What comes again (redelivered, redriven, after a time limit) is
//! a new root with a link to the original, and so is a batch, to each message in it. Only what belongs to a sampled
//! trace gets spans; all else costs a look at its flags.

use super::context::{About, parse};
use contracts::{is_about_an_order, is_compensation};
use opentelemetry::{
    Context, ContextGuard, KeyValue, Value,
    trace::{FutureExt, Link, Span, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, Tracer},
};
use opentelemetry_sdk::trace::SdkTracer;
use std::{future::Future, sync::OnceLock};
use uuid::Uuid;

/// Empty without an endpoint.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

pub(super) fn switch_on(tracer: SdkTracer) {
    TRACER.get_or_init(|| tracer);
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

    /// It failed, and why: a word of the program's own, so that nothing of a message gets into a trace.
    pub fn failed(&self, why: &'static str) {
        let span = self.context.span();
        span.set_status(Status::error(why));
        span.set_attribute(KeyValue::new("error.type", why));
    }

    /// Says more of it.
    pub fn tell(&self, name: &'static str, value: impl Into<Value>) {
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

/// How a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// For the first time.
    First,
    /// Once more: not acknowledged in time, or its service was killed.
    Again,
    /// It was a dead letter.
    Redriven,
}

/// A message that is traced.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// Who handles it.
    pub service: &'static str,
    /// Where it goes.
    pub subject: &'a str,
    /// What it is about.
    pub about: Option<Uuid>,
    /// The `traceparent` that it carries.
    pub trace: Option<&'a str>,
}

impl Letter<'_> {
    fn order(&self) -> Option<Uuid> {
        self.about.filter(|_| is_about_an_order(self.subject))
    }

    fn builder(&self, tracer: &SdkTracer, kind: SpanKind, operation: &'static str) -> SpanBuilder {
        let mut attributes = vec![
            KeyValue::new("messaging.system", "nats"),
            KeyValue::new("messaging.operation.type", operation),
            KeyValue::new("messaging.operation.name", operation),
            KeyValue::new("messaging.destination.name", self.subject.to_owned()),
            KeyValue::new("starling.service", self.service),
        ];
        attributes.extend(self.order().map(|order| KeyValue::new("order.id", order.to_string())));
        if is_compensation(self.subject) {
            attributes.push(KeyValue::new("starling.compensation", true));
        }
        let builder = tracer.span_builder(format!("{operation} {}", self.subject));
        builder.with_kind(kind).with_attributes(attributes)
    }

    fn on(&self, context: Context) -> Context {
        match self.order() {
            Some(order) => context.with_value(About(order)),
            None => context,
        }
    }
}

/// Begins the step of handling a message: a child of the step that sent it, if that one is sampled and the message comes
/// for the first time; else a root linked to it. Nothing when the message is of no sampled trace or tracing is off.
pub fn process(letter: &Letter<'_>, came: Came) -> Option<Step> {
    let tracer = TRACER.get()?;
    let sender = parse(letter.trace?).filter(SpanContext::is_sampled)?;
    let mut builder = letter.builder(tracer, SpanKind::Consumer, "process");
    let mark = match came {
        Came::First => {
            let parent = Context::new().with_remote_span_context(sender);
            return start(tracer, builder, &letter.on(parent));
        }
        Came::Again => KeyValue::new("starling.redelivered", true),
        Came::Redriven => KeyValue::new("starling.redriven", true),
    };
    builder.attributes.get_or_insert_default().push(mark);
    start(tracer, builder.with_links(vec![Link::with_context(sender)]), &letter.on(Context::new()))
}

/// Begins the step of sending a message: a child of what led to it. The message is to carry the step's `traceparent`.
pub fn send(letter: &Letter<'_>) -> Option<Step> {
    let tracer = TRACER.get()?;
    let parent = parse(letter.trace?).filter(SpanContext::is_sampled)?;
    let parent = letter.on(Context::new().with_remote_span_context(parent));
    start(tracer, letter.builder(tracer, SpanKind::Producer, "send"), &parent)
}

/// Begins the step of a timer: a root, linked to what its order did last as far as that is known.
pub(crate) fn timer(letter: &Letter<'_>) -> Option<Step> {
    let tracer = TRACER.get()?;
    let builder = letter.builder(tracer, SpanKind::Internal, "create");
    let last = letter.trace.and_then(parse).filter(SpanContext::is_sampled);
    let links = last.into_iter().map(Link::with_context).collect();
    start(tracer, builder.with_links(links), &letter.on(Context::new()))
}

/// Begins the step of a transaction with several messages: a root linked to each of them that is sampled. Nothing when
/// none is.
pub(crate) fn batch<'a>(
    service: &'static str,
    traces: impl Iterator<Item = Option<&'a str>>,
) -> Option<Step> {
    let tracer = TRACER.get()?;
    let sampled = |trace: Option<&str>| parse(trace?).filter(SpanContext::is_sampled);
    let links: Vec<Link> = traces.filter_map(sampled).map(Link::with_context).collect();
    if links.is_empty() {
        return None;
    }
    let of = vec![KeyValue::new("starling.service", service), KeyValue::new("messaging.system", "nats")];
    let builder = tracer.span_builder(format!("batch {service}")).with_attributes(of).with_links(links);
    start(tracer, builder, &Context::new())
}

/// Begins the step of a call to the outside, about an order that did this last.
pub(crate) fn call(letter: &Letter<'_>, outside: &'static str) -> Option<Step> {
    let tracer = TRACER.get()?;
    let parent = parse(letter.trace?).filter(SpanContext::is_sampled)?;
    let mut of =
        vec![KeyValue::new("starling.service", letter.service), KeyValue::new("peer.service", outside)];
    of.extend(letter.about.map(|order| KeyValue::new("order.id", order.to_string())));
    let builder = tracer.span_builder(format!("call {outside}")).with_kind(SpanKind::Client);
    let parent = letter.on(Context::new().with_remote_span_context(parent));
    start(tracer, builder.with_attributes(of), &parent)
}

/// Begins the step of answering a request that came over HTTP: in the caller's trace as the caller sampled it, else a
/// trace of its own for the set share of requests.
pub(super) fn root<const N: usize>(
    traceparent: Option<&str>,
    name: &'static str,
    of: [KeyValue; N],
) -> Option<Step> {
    let tracer = TRACER.get()?;
    let parent = match traceparent.and_then(parse) {
        Some(parent) if !parent.is_sampled() => return None,
        Some(parent) => Context::new().with_remote_span_context(parent),
        None => Context::new(),
    };
    let step = start(tracer, tracer.span_builder(name).with_kind(SpanKind::Server), &parent)?;
    step.context.span().set_attributes(of);
    Some(step)
}

/// Begins the step of asking a service, about an order or not, within what is being done. The request is to carry the
/// step's `traceparent`.
pub fn ask(subject: &'static str, order: Option<Uuid>) -> Option<Step> {
    let tracer = TRACER.get()?;
    let current = Context::current();
    if !current.span().span_context().is_sampled() {
        return None;
    }
    let step = start(tracer, request(tracer, SpanKind::Client, subject), &current)?;
    order.into_iter().for_each(|order| step.tell("order.id", order.to_string()));
    Some(step)
}

/// Begins the step of answering a service's or the gateway's request.
pub(crate) fn answer(
    traceparent: Option<&str>,
    service: &'static str,
    subject: &'static str,
) -> Option<Step> {
    let tracer = TRACER.get()?;
    let parent = parse(traceparent?).filter(SpanContext::is_sampled)?;
    let builder = request(tracer, SpanKind::Server, subject);
    let step = start(tracer, builder, &Context::new().with_remote_span_context(parent))?;
    step.tell("starling.service", service);
    Some(step)
}

fn request(tracer: &SdkTracer, kind: SpanKind, subject: &'static str) -> SpanBuilder {
    let of = vec![KeyValue::new("rpc.system", "nats"), KeyValue::new("rpc.method", subject)];
    tracer.span_builder(subject).with_kind(kind).with_attributes(of)
}

fn start(tracer: &SdkTracer, builder: SpanBuilder, parent: &Context) -> Option<Step> {
    let span = builder.start_with_context(tracer, parent);
    let sampled = span.span_context().is_sampled();
    sampled.then(|| Step { context: parent.with_span(span) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_endpoint_no_step_is_made() {
        let trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        let letter = Letter { service: "orders", subject: "order.created", about: None, trace };
        assert!(process(&letter, Came::First).is_none());
        assert!(process(&letter, Came::Again).is_none());
        assert!(send(&letter).is_none());
        assert!(timer(&letter).is_none());
        assert!(call(&letter, "provider").is_none());
        assert!(batch("orders", [trace].into_iter()).is_none());
        assert!(root(trace, "POST /v1/orders", []).is_none());
        assert!(ask("req.orders.get", None).is_none());
        assert!(answer(trace, "orders", "req.orders.get").is_none());
    }
}
