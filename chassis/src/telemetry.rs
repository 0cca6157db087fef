//! Telemetry: JSON logs on stdout always; traces, metrics and logs by OTLP where an endpoint is set.
//!
//! Without an endpoint nothing of OpenTelemetry is made, and every function here returns after one look at an
//! empty static.

mod context;
mod counts;
mod filter;
mod http;
mod instrument;
mod json;
mod level;
mod metrics;
mod otlp;
mod process;
mod request;
mod sampler;
mod step;
mod trace;

pub use context::{about_order, sampled, trace_id};
pub use counts::Counts;
pub use http::{Asked, Root, asked, refused, root};
pub use instrument::{Counter, Gauge, Histogram, Label, PLAIN, UpDown, is_measured};
pub use metrics::{batch, breaker, cached, called, consumed, dead, published, redelivered, requested, swept};
pub(crate) use request::answer;
pub use request::ask;
pub use step::Step;
pub(crate) use step::is_traced;
pub use trace::{Came, Letter, process, send};
pub(crate) use trace::{batch as batch_of, call, timer};

use crate::{Tasks, settings};
use anyhow::Context;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use otlp::Signals;
use std::{io, time::Duration};
use tokio::sync::oneshot;
use tracing_subscriber::{Layer, filter::FilterExt, layer::SubscriberExt, util::SubscriberInitExt};

/// Time to send what is still waiting when the process ends.
const FLUSH: Duration = Duration::from_secs(5);

/// Starts logs, and with an endpoint traces and metrics too, for the whole process; `service` is the process's
/// name. To be called once, within the runtime that is to be watched.
///
/// # Errors
/// When a setting makes no sense, or telemetry was started before.
pub fn start(settings: &settings::Telemetry, service: &str) -> anyhow::Result<Guard> {
    let (filter, change) = level::changing(&settings.log)?;
    let stdout = json::layer(service, io::stdout).with_filter(filter);
    let endpoint = settings.otlp_endpoint.as_deref().map(str::trim).filter(|endpoint| !endpoint.is_empty());
    let Some(endpoint) = endpoint else {
        tracing_subscriber::registry().with(stdout).try_init().context("starting logs")?;
        return Ok(Guard { signals: None, tasks: follow_level(settings, vec![change])? });
    };
    let signals = Signals::connect(endpoint, settings.trace_ratio, service)?;
    let (filter, change_sent) = level::changing(&settings.log)?;
    let logs = OpenTelemetryTracingBridge::new(&signals.logs).with_filter(filter.and(filter::ours()));
    let spans = tracing_opentelemetry::layer().with_tracer(signals.tracer()).with_filter(filter::our_spans());
    let all = tracing_subscriber::registry().with(stdout).with(logs).with(spans);
    all.try_init().context("starting logs")?;
    step::switch_on(signals.tracer());
    process::switch_on(&signals.meter());
    instrument::switch_on(signals.meter());
    Ok(Guard { signals: Some(signals), tasks: follow_level(settings, vec![change, change_sent])? })
}

/// Has a command that ends by itself measure, with an endpoint: its output stays its own, it is not logged or traced.
///
/// # Errors
/// When the endpoint makes no sense.
pub fn start_measuring(endpoint: Option<&str>, service: &str) -> anyhow::Result<Guard> {
    let endpoint = endpoint.map(str::trim).filter(|endpoint| !endpoint.is_empty());
    let signals = endpoint.map(|endpoint| Signals::connect(endpoint, 0.0, service)).transpose()?;
    if let Some(signals) = &signals {
        instrument::switch_on(signals.meter());
    }
    Ok(Guard { signals, tasks: Tasks::default() })
}

/// Has signals change the level of logs.
fn follow_level(settings: &settings::Telemetry, filters: Vec<level::Changing>) -> anyhow::Result<Tasks> {
    let (tasks, heard) = (Tasks::default(), level::signals().context("listening to signals")?);
    tasks.spawn(level::follow(heard, filters, settings.log.clone(), tasks.stop().clone()));
    Ok(tasks)
}

/// Keeps telemetry going. What was not sent yet is lost when it is dropped without [`shutdown`](Self::shutdown).
#[must_use = "telemetry that waits to be sent is flushed by its shutdown"]
pub struct Guard {
    signals: Option<Signals>,
    tasks: Tasks,
}

impl Guard {
    /// Sends what is still waiting, for five seconds at most.
    pub async fn shutdown(self) {
        self.tasks.stop().cancel();
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
        Guard { signals: Some(signals), tasks: Tasks::default() }.shutdown().await;
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
