//! The three signals on their way out: OTLP over HTTP, protobuf, in batches, each from a thread of its own.

use super::sampler;
use anyhow::{Context, ensure};
use opentelemetry::{
    KeyValue,
    metrics::{Meter, MeterProvider},
    trace::TracerProvider,
};
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    logs::SdkLoggerProvider,
    metrics::{PeriodicReader, SdkMeterProvider},
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider},
};
use std::time::Duration;
use uuid::Uuid;

/// The name that everything of ours bears in the collector.
const NAMESPACE: &str = "starling";
/// Time for one export.
const EXPORT: Duration = Duration::from_secs(3);
/// How often metrics leave.
const METRICS_EVERY: Duration = Duration::from_secs(10);
/// How often spans leave, at the latest.
const SPANS_EVERY: Duration = Duration::from_secs(1);
/// Spans that wait; more are dropped, never the work that they tell of.
const SPANS_WAITING: usize = 8_192;
/// Messages in a batch, at most: its span is linked to each.
const LINKS: u32 = 1_000;
/// Spans in one export.
const SPANS_AT_ONCE: usize = 1_024;

/// The providers of a process.
pub(super) struct Signals {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
    pub logs: SdkLoggerProvider,
}

impl Signals {
    /// Makes the exporters; whether somebody listens is seen when they export.
    pub fn connect(endpoint: &str, trace_ratio: f64, service: &str) -> anyhow::Result<Self> {
        ensure!(
            endpoint.starts_with("http://"),
            "OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}: must begin with http:// (a collector nearby; it may encrypt)"
        );
        ensure!((0.0..=1.0).contains(&trace_ratio), "TRACE_RATIO={trace_ratio}: must be from 0 to 1");
        let at = |path: &str| format!("{}{path}", endpoint.trim_end_matches('/'));
        let what = || format!("exporting to {endpoint}");
        let resource = Resource::builder()
            .with_service_name(service.to_owned())
            .with_attribute(KeyValue::new("service.namespace", NAMESPACE))
            // Two replicas' counters must not be taken for one that jumps.
            .with_attribute(KeyValue::new("service.instance.id", Uuid::new_v4().to_string()))
            .build();

        let spans = SpanExporter::builder().with_http().with_endpoint(at("/v1/traces")).with_timeout(EXPORT);
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(SPANS_WAITING)
            .with_max_export_batch_size(SPANS_AT_ONCE)
            .with_scheduled_delay(SPANS_EVERY);
        let spans = BatchSpanProcessor::builder(spans.build().with_context(what)?);
        let traces = SdkTracerProvider::builder()
            .with_sampler(sampler::of(trace_ratio))
            .with_max_links_per_span(LINKS)
            .with_span_processor(spans.with_batch_config(batches.build()).build())
            .with_resource(resource.clone());

        let metrics =
            MetricExporter::builder().with_http().with_endpoint(at("/v1/metrics")).with_timeout(EXPORT);
        let metrics =
            PeriodicReader::builder(metrics.build().with_context(what)?).with_interval(METRICS_EVERY);
        let metrics =
            SdkMeterProvider::builder().with_reader(metrics.build()).with_resource(resource.clone());

        let logs = LogExporter::builder().with_http().with_endpoint(at("/v1/logs")).with_timeout(EXPORT);
        let logs = SdkLoggerProvider::builder()
            .with_batch_exporter(logs.build().with_context(what)?)
            .with_resource(resource);
        Ok(Self { traces: traces.build(), metrics: metrics.build(), logs: logs.build() })
    }

    pub fn tracer(&self) -> SdkTracer {
        self.traces.tracer(NAMESPACE)
    }

    pub fn meter(&self) -> Meter {
        self.metrics.meter(NAMESPACE)
    }

    /// Sends what waits. Blocks: not for async threads.
    pub fn shutdown(&self) {
        report("traces", self.traces.shutdown());
        report("metrics", self.metrics.shutdown());
        // Last, since the others' failures are logs too.
        report("logs", self.logs.shutdown());
    }
}

fn report(signal: &str, outcome: OTelSdkResult) {
    if let Err(error) = outcome {
        tracing::warn!(signal, %error, "telemetry not flushed, the rest is lost");
    }
}
