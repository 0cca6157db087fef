//! What a span's context says: its ids on the wire (W3C Trace Context), and which order it is about.

use opentelemetry::{
    Context, KeyValue,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use uuid::Uuid;

/// The order that a step is about: for what is logged within it.
#[derive(Debug, Clone, Copy)]
pub(super) struct About(pub Uuid);

/// Says which order the step at hand is about, once that is known. Nothing when it is not sampled.
pub fn about_order(order: Uuid) {
    Context::map_current(|context| {
        let span = context.span();
        if span.span_context().is_sampled() {
            span.set_attribute(KeyValue::new("order.id", order.to_string()));
        }
    });
}

/// The trace of a W3C `traceparent`, if it is sampled: what is not cannot be looked at.
#[must_use]
pub fn trace_id(traceparent: &str) -> Option<Uuid> {
    let context = parse(traceparent).filter(SpanContext::is_sampled)?;
    Some(Uuid::from_bytes(context.trace_id().to_bytes()))
}

/// A `traceparent` that came from outside as it may travel on, in version 00; none when it is not sampled.
#[must_use]
pub fn sampled(traceparent: &str) -> Option<String> {
    parse(traceparent).filter(SpanContext::is_sampled).map(|context| write(&context))
}

/// A W3C `traceparent` of version 00.
pub(super) fn write(context: &SpanContext) -> String {
    format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), context.trace_flags().to_u8())
}

/// Reads a W3C `traceparent`: `version-trace id-parent id-flags` in lower-case hex. A later version may have more
/// at the end (W3C Trace Context, 4.3).
pub(super) fn parse(traceparent: &str) -> Option<SpanContext> {
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

    #[track_caller]
    fn check(traceparent: &str, sampled: Option<bool>) {
        assert_eq!(parse(traceparent).map(|context| context.is_sampled()), sampled);
    }

    #[test]
    fn a_traceparent_is_read_to_the_letter_of_the_standard() {
        check("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Some(true));
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
    fn what_came_from_outside_travels_on_without_what_is_not_known() {
        let known = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(sampled(known).as_deref(), Some(known));
        assert_eq!(sampled(&format!("01{}-more", &known[2..])).as_deref(), Some(known));
        assert_eq!(sampled("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"), None);
        assert_eq!(sampled("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"), None);
    }

    #[test]
    fn only_a_sampled_trace_has_an_id_to_look_at() {
        let id = trace_id("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        assert_eq!(id.map(|id| id.simple().to_string()).as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
        assert_eq!(trace_id("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"), None);
        assert_eq!(trace_id("none"), None);
    }
}
