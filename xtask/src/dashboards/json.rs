//! A dashboard as Grafana's JSON (schema 39, which every Grafana from 11 on reads).

use serde_json::{Value, json};

use super::board::{Board, Kind, Panel, Query, Variable};

/// Panels in one line of the grid.
const COLUMNS: u8 = 24;

/// The file's content.
pub fn text(board: &Board) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(&value(board))? + "\n")
}

fn value(board: &Board) -> Value {
    json!({
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": ["starling"],
        "schemaVersion": 39,
        "version": 1,
        "editable": false,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-30m", "to": "now"},
        "timezone": "utc",
        "links": [{
            "type": "dashboards", "tags": ["starling"], "title": "Starling", "asDropdown": true,
            "includeVars": false, "keepTime": true, "targetBlank": false, "icon": "dashboard",
        }],
        "templating": {"list": variables(board)},
        "annotations": {"list": [annotation()]},
        "panels": panels(board),
    })
}

/// Alerts that fire are marks in every graph.
fn annotation() -> Value {
    json!({
        "name": "alerts", "enable": true, "iconColor": "red", "datasource": source("prometheus", "metrics"),
        "expr": "ALERTS{alertstate=\"firing\"}", "titleFormat": "{{alertname}}", "step": "30s",
    })
}

fn variables(board: &Board) -> Vec<Value> {
    let sources =
        [("metrics", "Metrics", "prometheus"), ("logs", "Logs", "loki"), ("traces", "Traces", "tempo")];
    let sources = sources.map(|(name, label, kind)| {
        json!({"name": name, "label": label, "type": "datasource", "query": kind, "hide": 0, "refresh": 1})
    });
    let own = board.variables.iter().map(|variable| match variable {
        Variable::Label { name, label, query } => json!({
            "name": name, "label": label, "type": "query", "datasource": source("prometheus", "metrics"),
            "query": {"query": query, "refId": name}, "definition": query, "refresh": 2, "sort": 1,
            "includeAll": true, "multi": true, "allValue": ".+", "current": {"text": "All", "value": "$__all"},
        }),
        Variable::Text { name, label } => json!({"name": name, "label": label, "type": "textbox", "query": ""}),
    });
    sources.into_iter().chain(own).collect()
}

/// Rows with their panels, laid out from left to right.
fn panels(board: &Board) -> Vec<Value> {
    let (mut out, mut y) = (Vec::new(), 0_u32);
    for row in &board.rows {
        out.push(json!({
            "id": out.len() + 1, "type": "row", "title": row.title, "collapsed": false, "panels": [],
            "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
        }));
        y += 1;
        let (mut x, mut tallest) = (0, 0);
        for panel in &row.panels {
            if x + panel.width > COLUMNS {
                (x, y, tallest) = (0, y + tallest, 0);
            }
            let height = height(panel.kind);
            let place = json!({"x": x, "y": y, "w": panel.width, "h": height});
            out.push(one(panel, out.len() + 1, &place));
            x += panel.width;
            tallest = tallest.max(height);
        }
        y += tallest;
    }
    out
}

const fn height(kind: Kind) -> u32 {
    match kind {
        Kind::Stat => 4,
        Kind::Lines | Kind::Stack | Kind::Bars | Kind::Table => 8,
        Kind::Logs | Kind::Graph => 12,
        Kind::Trace => 16,
    }
}

fn one(panel: &Panel, id: usize, place: &Value) -> Value {
    let description = match panel.empty {
        Some(why) => format!("{} Empty when: {why}", panel.description),
        None => panel.description.to_owned(),
    };
    let queries = panel.queries.iter().enumerate();
    let targets: Vec<Value> = queries.map(|(index, query)| target(query, index)).collect();
    json!({
        "id": id, "type": kind(panel.kind), "title": panel.title, "description": description, "gridPos": place,
        "datasource": targets.first().map(|first| first["datasource"].clone()), "targets": targets,
        "fieldConfig": {"defaults": defaults(panel), "overrides": []}, "options": options(panel.kind),
    })
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Lines | Kind::Stack => "timeseries",
        Kind::Stat => "stat",
        Kind::Bars => "bargauge",
        Kind::Logs => "logs",
        Kind::Table => "table",
        Kind::Trace => "traces",
        Kind::Graph => "nodeGraph",
    }
}

fn defaults(panel: &Panel) -> Value {
    let mut steps = vec![json!({"color": "green", "value": null})];
    if let Some((orange, red)) = panel.limits {
        steps.push(json!({"color": "orange", "value": orange}));
        steps.push(json!({"color": "red", "value": red}));
    }
    let mut defaults =
        json!({"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}});
    match panel.kind {
        Kind::Lines => defaults["custom"] = json!({"fillOpacity": 8, "lineWidth": 1, "showPoints": "never"}),
        Kind::Stack => {
            let stacking = json!({"mode": "normal", "group": "A"});
            defaults["custom"] =
                json!({"fillOpacity": 40, "lineWidth": 1, "showPoints": "never", "stacking": stacking});
        }
        Kind::Stat | Kind::Bars | Kind::Logs | Kind::Table | Kind::Trace | Kind::Graph => {}
    }
    defaults
}

fn options(kind: Kind) -> Value {
    let last = json!({"calcs": ["lastNotNull"], "fields": "", "values": false});
    match kind {
        Kind::Lines | Kind::Stack => json!({
            "legend": {"displayMode": "table", "placement": "right", "calcs": ["lastNotNull", "max"]},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }),
        Kind::Stat => json!({"reduceOptions": last, "colorMode": "value", "graphMode": "area"}),
        Kind::Bars => json!({"reduceOptions": last, "orientation": "horizontal", "displayMode": "gradient"}),
        Kind::Logs => {
            json!({"showTime": true, "wrapLogMessage": true, "enableLogDetails": true, "sortOrder": "Ascending"})
        }
        Kind::Table | Kind::Trace | Kind::Graph => json!({}),
    }
}

fn target(query: &Query, index: usize) -> Value {
    // A, B, C …: no panel asks more than a few things.
    let name = char::from_u32(u32::from(b'A') + u32::try_from(index).unwrap_or(0)).unwrap_or('A').to_string();
    let metrics = source("prometheus", "metrics");
    let mut target = match query {
        Query::Range { promql, legend } => {
            json!({"datasource": metrics, "expr": promql, "legendFormat": legend, "range": true})
        }
        Query::Exemplars { promql, legend } => {
            json!({"datasource": metrics, "expr": promql, "legendFormat": legend, "range": true, "exemplar": true})
        }
        Query::Now { promql, legend } => {
            json!({"datasource": metrics, "expr": promql, "legendFormat": legend, "instant": true, "range": false})
        }
        Query::Logs(logql) => {
            json!({"datasource": source("loki", "logs"), "expr": logql, "queryType": "range"})
        }
        Query::Traces(traceql) => {
            json!({"datasource": source("tempo", "traces"), "query": traceql, "queryType": "traceql", "limit": 20})
        }
        Query::Services => json!({"datasource": source("tempo", "traces"), "queryType": "serviceMap"}),
    };
    target["refId"] = name.into();
    target
}

/// A data source by the variable that the viewer may change.
fn source(kind: &str, variable: &str) -> Value {
    json!({"type": kind, "uid": format!("${{{variable}}}")})
}
