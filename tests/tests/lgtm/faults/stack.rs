//! The stack itself: a store that is away, telemetry that is lost.

use super::{ends, fires};
use crate::report::Report;
use crate::watched::Watched;
use serde_json::json;
use tokio::task::block_in_place;

/// Older than Loki takes, in nanoseconds: November 2023.
const LONG_AGO_NS: &str = "1700000000000000000";

/// Goes through all of them. What it says of memory and series would take a machine full of either: unit tests alone.
pub async fn all(watched: &Watched, report: &mut Report) {
    let loki = &watched.lgtm.loki;
    block_in_place(|| loki.kill()).expect("it can be killed");
    fires(watched, report, "TelemetryStoreDown", "Loki is killed").await;
    block_in_place(|| loki.start_again()).expect("it starts again");
    ends(watched, report, "TelemetryStoreDown", "Loki is back").await;

    log_long_ago(watched).await;
    fires(watched, report, "TelemetryDropped", "a log line is too old for Loki").await;
    ends(watched, report, "TelemetryDropped", "ten minutes are over").await;
}

/// Sends the collector a line that Loki must refuse.
async fn log_long_ago(watched: &Watched) {
    let name = json!({"key": "service.name", "value": {"stringValue": "long-ago"}});
    let line = json!({"timeUnixNano": LONG_AGO_NS, "body": {"stringValue": "too old"}});
    let logs = json!({"resourceLogs": [{"resource": {"attributes": [name]}, "scopeLogs": [{"logRecords": [line]}]}]});
    let url = format!("{}/v1/logs", watched.lgtm.collector.url());
    let sent = reqwest::Client::new().post(url).json(&logs).send().await.expect("the collector answers");
    assert!(sent.status().is_success(), "the collector takes it: {}", sent.status());
}
