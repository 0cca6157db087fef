//! One log line: a flat JSON object that reads alone.

use super::context::About;
use crate::clock;
use opentelemetry::{Context, trace::TraceContextExt};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::fmt;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    fmt::{
        FmtContext, FormatEvent, FormatFields, FormattedFields, MakeWriter,
        format::{JsonFields, Writer},
    },
    registry::LookupSpan,
};

/// Names that only the line itself may use; an event's field of that name gets an underscore behind it.
const RESERVED: [&str; 5] = ["timestamp", "level", "target", "trace_id", "span_id"];

/// Writes each event as a line: `timestamp` (RFC 3339, UTC), `level`, `service` (the process, unless the event
/// names one), `target`, `message`, `trace_id` and `span_id` inside a span, `order_id` where that is about an order, then the event's fields and those of
/// the spans around it; the innermost of a name counts.
pub(super) fn layer<S, W>(service: &str, writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer()
        .event_format(Lines { service: service.to_owned() })
        .fmt_fields(JsonFields::new())
        .with_writer(writer)
}

struct Lines {
    service: String,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        for span in ctx.event_scope().into_iter().flat_map(tracing_subscriber::registry::Scope::from_root) {
            if let Some(written) = span.extensions().get::<FormattedFields<N>>()
                && let Ok(written) = serde_json::from_str::<Map<String, Value>>(&written.fields)
            {
                written.into_iter().for_each(|(name, value)| fields.put(&name, value));
            }
        }
        event.record(&mut fields);
        let metadata = event.metadata();
        let mut line = Line(Vec::with_capacity(fields.0.len() + 7));
        line.put("timestamp", clock::now().to_string());
        line.put("level", metadata.level().as_str());
        line.put("service", fields.take("service").unwrap_or_else(|| self.service.as_str().into()));
        // What came through the `log` crate names its origin in a field.
        line.put("target", fields.take("log.target").unwrap_or_else(|| metadata.target().into()));
        line.put("message", fields.take("message").unwrap_or_default());
        Context::map_current(|context| {
            let span = context.span();
            if span.span_context().is_valid() {
                line.put("trace_id", span.span_context().trace_id().to_string());
                line.put("span_id", span.span_context().span_id().to_string());
            }
            if let Some(About(order)) = context.get::<About>()
                && !fields.0.iter().any(|(name, _)| name == "order_id")
            {
                line.put("order_id", order.to_string());
            }
        });
        line.0.extend(fields.0.into_iter().filter(|(name, _)| !name.starts_with("log.")));
        writeln!(to, "{}", serde_json::to_string(&line).map_err(|_| fmt::Error)?)
    }
}

struct Line(Vec<(String, Value)>);

impl Line {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.push((name.to_owned(), value.into()));
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Fields in the order in which they came, each name once.
#[derive(Default)]
struct Fields(Vec<(String, Value)>);

impl Fields {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        let mut name = name.strip_prefix("r#").unwrap_or(name).to_owned();
        if RESERVED.contains(&name.as_str()) {
            name.push('_');
        }
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let index = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(index).1)
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.record_wide(field, i64::try_from(value).map(Value::from), &value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.record_wide(field, u64::try_from(value).map(Value::from), &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value);
    }

    /// With its whole chain of causes: sources are not repeated in the messages.
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        self.put(field.name(), text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), format!("{value:?}"));
    }
}

impl Fields {
    /// A number as long as JSON's readers keep it exact, else its digits.
    fn record_wide<E>(&mut self, field: &Field, number: Result<Value, E>, value: &dyn fmt::Display) {
        self.put(field.name(), number.unwrap_or_else(|_| value.to_string().into()));
    }
}

#[cfg(test)]
mod tests;
