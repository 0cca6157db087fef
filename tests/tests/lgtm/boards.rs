//! Every query of every dashboard, asked as Grafana would ask it.

use crate::report::Report;
use crate::traces::Orders;
use crate::watched::{Watched, observability};
use serde_json::Value;
use std::fs;

/// What a panel says in its description when it may be empty.
const MAY_BE_EMPTY: &str = "Empty when: ";

/// Asks all.
pub async fn ask_all(watched: &Watched, orders: &Orders, report: &mut Report) {
    report.part("Dashboards: each query, asked of its store");
    for file in fs::read_dir(observability().join("grafana/dashboards")).expect("dashboards") {
        let text = fs::read_to_string(file.expect("a file").path()).expect("text");
        let board: Value = serde_json::from_str(&text).expect("JSON");
        one(watched, orders, report, &board).await;
    }
    let histogram = "traces_span_metrics_duration_seconds_bucket";
    let exemplars = watched.stores.exemplars(histogram).await.unwrap_or_default();
    let mut found = false;
    for id in exemplars.iter().rev().take(20) {
        found |= watched.stores.trace(id).await.is_ok();
    }
    let detail = format!("{} exemplars", exemplars.len());
    report.note(found, "an exemplar of a span metric leads to a trace", &detail);
}

async fn one(watched: &Watched, orders: &Orders, report: &mut Report, board: &Value) {
    let (mut queries, mut wrong, mut empty) = (0, Vec::new(), Vec::new());
    for panel in board["panels"].as_array().expect("panels") {
        let title = panel["title"].as_str().unwrap_or_default();
        for target in panel["targets"].as_array().into_iter().flatten() {
            queries += 1;
            match ask(watched, orders, target).await {
                Ok(0) => match panel["description"].as_str().and_then(|text| text.split_once(MAY_BE_EMPTY)) {
                    Some((_, why)) => empty.push(format!("{title} ({})", why.trim_end_matches('.'))),
                    None => wrong.push(format!("{title}: nothing ({target})")),
                },
                Ok(_) => {}
                Err(error) => wrong.push(format!("{title}: {error:#}")),
            }
        }
    }
    let (title, answered) =
        (board["title"].as_str().unwrap_or_default(), queries - wrong.len() - empty.len());
    let mut detail = format!("{answered} of {queries} queries answered with data");
    if !empty.is_empty() {
        detail += &format!("; empty, as they say themselves: {}", empty.join(", "));
    }
    if !wrong.is_empty() {
        detail += &format!("; wrong: {}", wrong.join(", "));
    }
    report.note(wrong.is_empty(), title, &detail);
}

/// How much a query finds.
async fn ask(watched: &Watched, orders: &Orders, target: &Value) -> anyhow::Result<usize> {
    let fill = |text: &Value| {
        let text = text.as_str().unwrap_or_default();
        let range = format!("{}s", watched.stores.range().as_secs());
        let text =
            text.replace("$__rate_interval", "1m").replace("$__range", &range).replace("$service", ".+");
        text.replace("$order", &orders.order).replace("$trace", &orders.trace)
    };
    match (target["datasource"]["type"].as_str(), target["queryType"].as_str()) {
        (Some("prometheus"), _) => watched.stores.series(&fill(&target["expr"])).await,
        (Some("loki"), _) => Ok(watched.stores.lines(&fill(&target["expr"])).await?.len()),
        // What Grafana draws the graph from.
        (Some("tempo"), Some("serviceMap")) => {
            watched.stores.series("traces_service_graph_request_total").await
        }
        (Some("tempo"), _) if fill(&target["query"]).starts_with('{') => {
            Ok(watched.stores.traces(&fill(&target["query"])).await?.len())
        }
        _ => watched.stores.trace(&fill(&target["query"])).await.map(|_| 1),
    }
}
