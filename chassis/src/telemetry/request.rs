//! Steps of requests: over HTTP, and between gateway and services.

use super::{
    context::parse,
    step::{Step, start, tracer},
};
use opentelemetry::{
    Context, KeyValue,
    trace::{SpanBuilder, SpanContext, SpanKind, TraceContextExt, Tracer},
};
use opentelemetry_sdk::trace::SdkTracer;
use uuid::Uuid;

/// Begins the step of answering a request that came over HTTP: in the caller's trace as the caller sampled it, else a
/// trace of its own for the set share of requests.
pub(super) fn root<const N: usize>(
    traceparent: Option<&str>,
    name: &'static str,
    of: [KeyValue; N],
) -> Option<Step> {
    let tracer = tracer()?;
    let parent = match traceparent.and_then(parse) {
        Some(parent) if !parent.is_sampled() => return None,
        Some(parent) => Context::new().with_remote_span_context(parent),
        None => Context::new(),
    };
    let step = start(tracer, tracer.span_builder(name).with_kind(SpanKind::Server), &parent)?;
    of.into_iter().for_each(|KeyValue { key, value, .. }| step.tell(key, value));
    Some(step)
}

/// Begins the step of asking a service, about an order or not, within what is being done. The request is to carry the
/// step's `traceparent`.
pub fn ask(subject: &'static str, order: Option<Uuid>) -> Option<Step> {
    let tracer = tracer()?;
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
    let tracer = tracer()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_endpoint_no_step_is_made() {
        let trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        assert!(root(trace, "POST /v1/orders", []).is_none());
        assert!(ask("req.orders.get", None).is_none());
        assert!(answer(trace, "orders", "req.orders.get").is_none());
    }
}
