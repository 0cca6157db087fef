//! Steps of messages. A first delivery is a child of the span that sent it. What comes again (redelivered, redriven, after
//! a time limit) is a new root with a link to the original, and so is a batch, to each message in it.

use super::{
    context::{About, parse},
    step::{Step, start, tracer},
};
use contracts::{is_about_an_order, is_compensation};
use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanBuilder, SpanContext, SpanKind, TraceContextExt, Tracer},
};
use opentelemetry_sdk::trace::SdkTracer;
use uuid::Uuid;

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
    let tracer = tracer()?;
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
    let tracer = tracer()?;
    let parent = parse(letter.trace?).filter(SpanContext::is_sampled)?;
    let parent = letter.on(Context::new().with_remote_span_context(parent));
    start(tracer, letter.builder(tracer, SpanKind::Producer, "send"), &parent)
}

/// Begins the step of a timer: a root, linked to what its order did last as far as that is known.
pub(crate) fn timer(letter: &Letter<'_>) -> Option<Step> {
    let tracer = tracer()?;
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
    let tracer = tracer()?;
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
    let tracer = tracer()?;
    let parent = parse(letter.trace?).filter(SpanContext::is_sampled)?;
    let mut of =
        vec![KeyValue::new("starling.service", letter.service), KeyValue::new("peer.service", outside)];
    of.extend(letter.about.map(|order| KeyValue::new("order.id", order.to_string())));
    let builder = tracer.span_builder(format!("call {outside}")).with_kind(SpanKind::Client);
    let parent = letter.on(Context::new().with_remote_span_context(parent));
    start(tracer, builder.with_attributes(of), &parent)
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
    }
}
