//! What is logged, and what of that may leave by OTLP.

use anyhow::Context;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterFn, filter_fn};

/// The exporter's own machinery: exporting what it says would make it say more.
const EXPORTERS: [&str; 6] = ["hyper", "h2", "reqwest", "opentelemetry", "tonic", "tower"];

/// The filter that the operator wrote. OpenTelemetry's own chatter is kept to warnings, unless asked for.
pub(super) fn of(directives: &str) -> anyhow::Result<EnvFilter> {
    let parsed = EnvFilter::builder().parse(format!("opentelemetry=warn,{directives}"));
    parsed.with_context(|| format!("LOG={directives}: not a list of levels or target=level"))
}

/// All but what the exporters say.
pub(super) fn ours() -> FilterFn {
    filter_fn(is_ours)
}

/// Spans alone: events leave as logs, which carry their span's id.
pub(super) fn our_spans() -> FilterFn {
    filter_fn(|metadata| metadata.is_span() && *metadata.level() <= Level::INFO && is_ours(metadata))
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    let crate_name = metadata.target().split("::").next().unwrap_or_default();
    !EXPORTERS.iter().any(|exporter| {
        crate_name.strip_prefix(exporter).is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '-']))
    })
}
