//! Which traces are recorded: as their first span was, and of first spans the set share, and each that is linked to one
//! that is recorded.

use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanKind, TraceId},
};
use opentelemetry_sdk::trace::{Sampler, SamplingResult, ShouldSample};

/// The sampler of a process; the share is from 0 to 1.
pub(super) fn of(share: f64) -> Sampler {
    Sampler::ParentBased(Box::new(Roots(Sampler::TraceIdRatioBased(share))))
}

/// What comes again is worth as much as the original, so it is recorded where that was.
#[derive(Debug, Clone)]
struct Roots(Sampler);

impl ShouldSample for Roots {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let linked = links.iter().any(|link| link.span_context.is_sampled());
        let sampler = if linked { &Sampler::AlwaysOn } else { &self.0 };
        sampler.should_sample(parent, trace, name, kind, attributes, links)
    }
}
