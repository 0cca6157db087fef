//! Telemetry: JSON logs on stdout always; traces, metrics and logs by OTLP where an endpoint is set.
//!
//! Without an endpoint nothing of OpenTelemetry is made, and every function here returns after one look at an
//! empty static.

mod filter;
mod json;
mod metrics;
mod otlp;
mod trace;

pub use metrics::{batch, breaker, cached, called, consumed, dead, published};
pub use trace::{Step, continue_trace, root, trace_id};

use crate::settings;
use anyhow::Context;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use otlp::Signals;
use std::{io, time::Duration};
use tokio::sync::oneshot;
use tracing_subscriber::{Layer, filter::FilterExt, layer::SubscriberExt, util::SubscriberInitExt};

/// Time to send what is still waiting when the process ends.
const FLUSH: Duration = Duration::from_secs(5);

/// Starts logs, and with an endpoint traces and metrics too, for the whole process; `service` is the process's
/// name. To be called once.
///
/// # Errors
/// When a setting makes no sense, or telemetry was started before.
pub fn start(settings: &settings::Telemetry, service: &str) -> anyhow::Result<Guard> {
    let stdout = json::layer(service, io::stdout).with_filter(filter::of(&settings.log)?);
    let endpoint = settings.otlp_endpoint.as_deref().map(str::trim).filter(|endpoint| !endpoint.is_empty());
    let Some(endpoint) = endpoint else {
        tracing_subscriber::registry().with(stdout).try_init().context("starting logs")?;
        return Ok(Guard { signals: None });
    };
    let signals = Signals::connect(endpoint, settings.trace_ratio, service)?;
    let wanted = filter::of(&settings.log)?.and(filter::ours());
    let logs = OpenTelemetryTracingBridge::new(&signals.logs).with_filter(wanted);
    let spans = tracing_opentelemetry::layer().with_tracer(signals.tracer()).with_filter(filter::our_spans());
    let all = tracing_subscriber::registry().with(stdout).with(logs).with(spans);
    all.try_init().context("starting logs")?;
    trace::switch_on(signals.tracer());
    metrics::switch_on(&signals.meter());
    Ok(Guard { signals: Some(signals) })
}

/// Keeps telemetry going. What was not sent yet is lost when it is dropped without [`shutdown`](Self::shutdown).
#[must_use = "telemetry that waits to be sent is flushed by its shutdown"]
pub struct Guard {
    signals: Option<Signals>,
}

impl Guard {
    /// Sends what is still waiting, for five seconds at most.
    pub async fn shutdown(self) {
        let Some(signals) = self.signals else { return };
        let (done, flushed) = oneshot::channel::<()>();
        // A thread of its own: the exporters block, and a runtime waits for its blocking tasks without limit.
        let flushing = std::thread::Builder::new().name("telemetry flush".into()).spawn(move || {
            signals.shutdown();
            drop(done);
        });
        if flushing.is_err() || tokio::time::timeout(FLUSH, flushed).await.is_err() {
            tracing::warn!(limit_s = FLUSH.as_secs(), "telemetry was not flushed in time, the rest is lost");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::{Span, Tracer};
    use std::time::Instant;

    #[tokio::test]
    async fn a_collector_that_never_answers_does_not_hold_up_the_end() {
        let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", deaf.local_addr().unwrap());
        let signals = Signals::connect(&endpoint, 1.0, "test").unwrap();
        signals.tracer().start("never received").end();
        signals.meter().u64_counter("never.received").build().add(1, &[]);
        let began = Instant::now();
        Guard { signals: Some(signals) }.shutdown().await;
        let took = began.elapsed();
        assert!(took > Duration::from_secs(1), "{took:?}: nothing was sent");
        assert!(took < FLUSH + Duration::from_secs(1), "{took:?}");
    }

    #[test]
    fn a_setting_that_makes_no_sense_is_refused_by_name() {
        #[track_caller]
        fn check<T>(outcome: anyhow::Result<T>, named: &str) {
            let told = format!("{:#}", outcome.err().expect("must be refused"));
            assert!(told.contains(named), "{told}");
        }
        check(Signals::connect("https://collector:4318", 0.1, "test"), "OTEL_EXPORTER_OTLP_ENDPOINT");
        check(Signals::connect("http://127.0.0.1:4318", 1.5, "test"), "TRACE_RATIO=1.5");
        check(Signals::connect("http://127.0.0.1:4318", f64::NAN, "test"), "TRACE_RATIO");
        check(filter::of("orders=loud"), "LOG=orders=loud");
        assert!(filter::of("").is_ok());
        assert!(filter::of("orders=debug,info").is_ok());
    }
}
