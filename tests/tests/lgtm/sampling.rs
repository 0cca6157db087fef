//! Which traces the collector keeps when it keeps no share of those with nothing special about them.

use crate::report::Report;
use crate::watched::{Watched, observability};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::block_in_place;
use tokio::time::sleep;
use tools::lgtm::Configuration;
use uuid::Uuid;

/// How long the collector may take to decide and Tempo to know.
const THERE_WITHIN: Duration = Duration::from_secs(60);
/// Longer than what is slow.
const SLOW: Duration = Duration::from_millis(1_500);
/// Longer than two decisions.
const DECIDED: Duration = Duration::from_secs(12);

/// Sends one trace of each kind to a collector of its own.
pub async fn check(watched: &Watched, report: &mut Report) {
    report.part("Tail sampling: the same collector without a baseline");
    let configuration = Configuration {
        folder: observability(),
        rules: observability().join("rules"),
        variables: vec![("BASELINE_PERCENT", "0".to_owned()), ("DECISION_WAIT", "5s".to_owned())],
    };
    let place = watched.flock.folder().join("another-collector");
    let collector =
        block_in_place(|| watched.lgtm.another_collector(&place, &configuration)).expect("it starts");
    let quick = Duration::from_millis(20);
    let mark = |name: &str| vec![json!({"key": name, "value": {"boolValue": true}})];
    let kinds = [
        ("with an error", span(quick, true, vec![]), true),
        ("slow", span(SLOW, false, vec![]), true),
        ("redelivered", span(quick, false, mark("starling.redelivered")), true),
        ("redriven", span(quick, false, mark("starling.redriven")), true),
        ("compensated", span(quick, false, mark("starling.compensation")), true),
        ("with nothing special", span(quick, false, vec![]), false),
    ];
    for (_, span, _) in &kinds {
        let name = json!({"key": "service.name", "value": {"stringValue": "sampling"}});
        let scope = json!({"scope": {}, "spans": [span]});
        let traces = json!({"resourceSpans": [{"resource": {"attributes": [name]}, "scopeSpans": [scope]}]});
        let url = format!("{}/v1/traces", collector.url());
        let sent =
            reqwest::Client::new().post(url).json(&traces).send().await.expect("the collector answers");
        assert!(sent.status().is_success(), "the collector takes it: {}", sent.status());
    }
    sleep(DECIDED).await;
    for (kind, span, is_kept) in &kinds {
        let id = span["traceId"].as_str().expect("an id");
        let found = there(watched, id, *is_kept).await;
        let fate = if *is_kept { "kept" } else { "thrown away" };
        let said = if found { "it is in Tempo" } else { "it is not in Tempo" };
        report.note(found == *is_kept, &format!("a trace {kind} is {fate}"), said);
    }
    block_in_place(|| collector.terminate()).expect("it stops");
}

/// Whether a trace is in Tempo; what should be there is waited for.
async fn there(watched: &Watched, id: &str, wait: bool) -> bool {
    let began = std::time::Instant::now();
    loop {
        let found = watched.stores.trace(id).await.is_ok();
        if found || !wait || began.elapsed() > THERE_WITHIN {
            return found;
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// A trace of one span that ended just now.
fn span(lasted: Duration, failed: bool, attributes: Vec<Value>) -> Value {
    let end = Duration::from_millis(u64::try_from(chassis::clock::now().millis()).expect("after 1970"));
    json!({
        "traceId": Uuid::new_v4().simple().to_string(),
        "spanId": &Uuid::new_v4().simple().to_string()[..16],
        "name": "a step",
        "kind": 1,
        "startTimeUnixNano": (end - lasted).as_nanos().to_string(),
        "endTimeUnixNano": end.as_nanos().to_string(),
        "attributes": attributes,
        "status": {"code": if failed { 2 } else { 0 }},
    })
}
