//! Dashboards, alert rules and runbooks agree with each other, and ask only for metrics that there are.

mod names;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;
use tools::scratch::Scratch;

use super::board::{Board, Panel, Query};
use super::{all, json, path};

/// Every panel with its board's name.
fn panels(boards: &[Board]) -> impl Iterator<Item = (&'static str, &Panel)> {
    let rows = boards.iter().flat_map(|board| board.rows.iter().map(|row| (board.uid, row)));
    rows.flat_map(|(uid, row)| row.panels.iter().map(move |panel| (uid, panel)))
}

fn promql(query: &Query) -> Option<&str> {
    match query {
        Query::Range { promql, .. } | Query::Exemplars { promql, .. } | Query::Now { promql, .. } => {
            Some(promql)
        }
        Query::Logs(_) | Query::Traces(_) | Query::Services => None,
    }
}

#[test]
fn the_dashboards_of_the_checkout_are_what_is_declared_here() {
    for board in all() {
        let path = path(&board).unwrap();
        let there = fs::read_to_string(&path).unwrap_or_default();
        let same = there == json::text(&board).unwrap();
        assert!(same, "{}: run `cargo xtask dashboards --write`", path.display());
    }
    let folder = path(&all()[0]).unwrap().parent().unwrap().to_owned();
    assert_eq!(fs::read_dir(folder).unwrap().count(), all().len(), "no dashboard is left over");
}

#[test]
fn every_dashboard_and_panel_says_what_it_is() {
    let boards = all();
    let uids: BTreeSet<&str> = boards.iter().map(|board| board.uid).collect();
    assert_eq!(uids.len(), boards.len(), "names are unique");
    for board in &boards {
        assert!(!board.title.is_empty() && board.description.ends_with('.'), "{}", board.uid);
        let titles: Vec<&str> =
            board.rows.iter().flat_map(|row| row.panels.iter().map(|panel| panel.title)).collect();
        assert_eq!(titles.iter().collect::<BTreeSet<_>>().len(), titles.len(), "{}: {titles:?}", board.uid);
    }
    for (uid, panel) in panels(&boards) {
        let name = format!("{uid}: {}", panel.title);
        assert!(!panel.title.is_empty() && !panel.unit.is_empty() && !panel.queries.is_empty(), "{name}");
        assert!(panel.description.ends_with('.'), "{name}: a description is a sentence");
        assert!(panel.empty.is_none_or(|why| why.ends_with('.')), "{name}: so is why it is empty");
        assert!(panel.width <= 24, "{name}");
    }
}

#[test]
fn every_query_goes_to_a_data_source_that_the_viewer_chooses() {
    for board in all() {
        let json: Value = serde_json::from_str(&json::text(&board).unwrap()).unwrap();
        let chosen: Vec<String> = json["templating"]["list"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|variable| variable["type"] == "datasource")
            .map(|variable| format!("${{{}}}", variable["name"].as_str().unwrap()))
            .collect();
        let mut places = BTreeSet::new();
        for panel in json["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row") {
            for target in panel["targets"].as_array().unwrap() {
                let uid = target["datasource"]["uid"].as_str().unwrap().to_owned();
                assert!(chosen.contains(&uid), "{}: {uid}", panel["title"]);
            }
            let place = &panel["gridPos"];
            assert!(
                places.insert((place["y"].as_u64(), place["x"].as_u64())),
                "{} lies on another",
                panel["title"]
            );
        }
    }
}

#[test]
fn every_promql_of_a_panel_can_be_read() {
    let boards = all();
    // As recorded rules: promtool reads those.
    let rules: Vec<Value> = panels(&boards)
        .flat_map(|(_, panel)| panel.queries.iter().filter_map(promql))
        .map(|promql| serde_json::json!({"record": "checked", "expr": with_values(promql)}))
        .enumerate()
        .map(|(number, mut rule)| {
            rule["labels"] = serde_json::json!({"number": number.to_string()});
            rule
        })
        .collect();
    assert!(rules.len() > 50, "{} queries", rules.len());
    let scratch = Scratch::new("dashboards").unwrap();
    let file = serde_json::json!({"groups": [{"name": "dashboards", "rules": rules}]});
    fs::write(scratch.path().join("rules.yaml"), file.to_string()).unwrap();
    tools::promtool::run(scratch.path(), &["check", "rules", "rules.yaml"]).unwrap();
}

/// What Grafana puts in for its variables.
fn with_values(promql: &str) -> String {
    promql.replace("$__rate_interval", "1m").replace("$__range", "30m").replace("$service", ".+")
}

#[test]
fn every_metric_that_is_asked_for_is_in_a_table() {
    let known = names::known();
    let boards = all();
    let mut asked: BTreeMap<String, String> = rules::expressions();
    for (uid, panel) in panels(&boards) {
        for (number, promql) in panel.queries.iter().filter_map(promql).enumerate() {
            asked.insert(format!("{uid}: {} {number}", panel.title), with_values(promql));
        }
    }
    for (place, promql) in &asked {
        for name in names::in_promql(promql) {
            assert!(known.contains(&name), "{place} asks for {name}, which is in no table");
        }
    }
}
