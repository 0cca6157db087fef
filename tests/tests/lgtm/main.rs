//! The flock with a real collector, Loki, Tempo and Mimir: whole traces, logs found by their trace, alerts that fire in
//! the fault they are for and end after it, dashboards that show something.
//!
//! It takes half an hour: `cargo xtask lgtm` runs it. Alert rules run sixty times as fast ([`fast`]).

mod boards;
mod fast;
mod faults;
mod report;
mod sampling;
mod stores;
mod trace;
mod traces;
mod watched;

use report::Report;
use watched::Watched;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "half an hour, with servers that take an hour to build: run by `cargo xtask lgtm`"]
async fn the_stores_hold_what_dashboards_and_alerts_ask_for() {
    let watched = Watched::start().await;
    let mut report = Report::default();
    let orders = traces::follow(&watched, &mut report).await;
    sampling::check(&watched, &mut report).await;
    faults::all(&watched, &mut report).await;
    boards::ask_all(&watched, &orders, &mut report).await;
    faults::silence(&watched, &mut report).await;
    watched.note_memory(&mut report);
    report.end();
}
