//! The level of logs, changed while the process runs: SIGUSR1 has it tell more, SIGUSR2 as much as `LOG` says.

use super::filter;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, reload};

/// All that the flock's own parts have to say, and of what they stand on no more than usual.
const MORE: &str = "debug,async_nats=info,fred=info,h2=info,hyper=info,hyper_util=info,lettre=info,mongodb=info,\
    reqwest=info,rustls=info,sqlx=info,tokio=info,tower=info,tower_http=info";

/// A filter that can be changed.
pub(super) type Changing = Box<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>;

/// A filter as the operator wrote it, and the way to change it.
pub(super) fn changing<S: 'static>(
    directives: &str,
) -> anyhow::Result<(reload::Layer<EnvFilter, S>, Changing)> {
    let (filter, handle) = reload::Layer::new(filter::of(directives)?);
    Ok((filter, Box::new(move |changed| handle.reload(changed))))
}

/// The two signals, heard from now on: unheard they would end the process.
pub(super) fn signals() -> io::Result<[Signal; 2]> {
    Ok([signal(SignalKind::user_defined1())?, signal(SignalKind::user_defined2())?])
}

/// Changes the filters as the signals say, until told to stop.
pub(super) async fn follow(
    [mut more, mut usual]: [Signal; 2],
    filters: Vec<Changing>,
    directives: String,
    stop: CancellationToken,
) {
    loop {
        let wanted = tokio::select! {
            () = stop.cancelled() => return,
            _ = more.recv() => MORE,
            _ = usual.recv() => directives.as_str(),
        };
        for change in &filters {
            if let Err(error) = filter::of(wanted).and_then(|filter| Ok(change(filter)?)) {
                tracing::warn!(error = format!("{error:#}"), "the level of logs was not changed");
            }
        }
        tracing::info!(level = wanted, "the level of logs was changed by a signal");
    }
}
