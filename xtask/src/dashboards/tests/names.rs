//! The names of metrics: those in the tables, and those that a query asks for.

use std::collections::BTreeSet;
use std::fs;

use super::rules;
use crate::cargo;

/// What the stack says of itself, and what Tempo and the collector make of spans.
const OF_THE_STACK: [&str; 24] = [
    "ALERTS",
    "cortex_ingester_memory_series",
    "loki_ingester_memory_streams",
    "otelcol_exporter_queue_capacity",
    "otelcol_exporter_queue_size",
    "otelcol_exporter_sent_spans_total",
    "otelcol_process_cpu_seconds_total",
    "otelcol_process_memory_rss_bytes",
    "otelcol_processor_tail_sampling_count_traces_sampled_total",
    "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early_total",
    "otelcol_receiver_accepted_log_records_total",
    "otelcol_receiver_accepted_metric_points_total",
    "otelcol_receiver_accepted_spans_total",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "tempo_ingester_live_traces",
    "traces_service_graph_request_failed_total",
    "traces_service_graph_request_server_seconds_bucket",
    "traces_service_graph_request_total",
    "traces_span_metrics_calls_total",
    "traces_span_metrics_duration_seconds_bucket",
    "traces_span_metrics_duration_seconds_count",
    "traces_span_metrics_duration_seconds_sum",
    "up",
];

/// What is no name though it looks like one.
const WORDS: [&str; 12] = [
    "and",
    "or",
    "unless",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "offset",
    "bool",
    "vector",
];

/// All metrics that there are: the flock's table, the recorded ones, the stack's.
pub fn known() -> BTreeSet<String> {
    let table = fs::read_to_string(cargo::root().unwrap().join("docs/metrics.md")).unwrap();
    let mut known: BTreeSet<String> = OF_THE_STACK.into_iter().map(ToOwned::to_owned).collect();
    known.extend(rules::recorded());
    known.extend(table.lines().flat_map(in_line));
    known
}

/// The names, as Mimir has them, of the metrics that a line of the table is about.
fn in_line(line: &str) -> Vec<String> {
    let mut cells = line.split('|').map(str::trim).skip(1);
    let (Some(names), Some(unit)) = (cells.next(), cells.next()) else { return vec![] };
    let names = names.split('`').skip(1).step_by(2);
    names.flat_map(|name| in_mimir(name, unit)).collect()
}

/// As Mimir calls a metric: dots become underscores, then come the unit, unless it is in the name, and the kind.
fn in_mimir(name: &str, unit: &str) -> Vec<String> {
    let mut name = name.replace('.', "_");
    let suffix = match unit.split(',').next().map(str::trim) {
        Some("s") => "seconds",
        Some("By") => "bytes",
        Some("1") if unit.contains("gauge") => "ratio",
        // Of things, as `{order}`.
        _ => "",
    };
    if !suffix.is_empty() && !name.split('_').any(|word| word == suffix) {
        name = format!("{name}_{suffix}");
    }
    if unit.contains("histogram") {
        return ["bucket", "count", "sum"].map(|part| format!("{name}_{part}")).to_vec();
    }
    if unit.contains("counter") {
        name += "_total";
    }
    vec![name]
}

/// The metrics that a query asks for.
pub fn in_promql(promql: &str) -> BTreeSet<String> {
    let mut bare = without(promql, '"', '"');
    for (open, close) in [('{', '}'), ('[', ']')] {
        bare = without(&bare, open, close);
    }
    let mut names = BTreeSet::new();
    let mut rest = bare.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        let word = &rest[start..];
        let end = word
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.')))
            .unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        let follows = after.trim_start();
        rest = after;
        // Labels stand in brackets after these words.
        if matches!(word, "by" | "without" | "on" | "ignoring" | "group_left" | "group_right")
            && follows.starts_with('(')
        {
            rest = follows.split_once(')').map_or("", |(_, rest)| rest);
        } else if !is_operation(word, follows) {
            names.insert(word.to_owned());
        }
    }
    names
}

/// Whether a word is a function, an aggregation, a number or an operator.
fn is_operation(word: &str, follows: &str) -> bool {
    let is_aggregation =
        ["by (", "by(", "without (", "without("].iter().any(|labels| follows.starts_with(labels));
    follows.starts_with('(')
        || is_aggregation
        || word.starts_with(|c: char| c.is_ascii_digit())
        || WORDS.contains(&word)
}

/// A text without what stands between these.
fn without(text: &str, open: char, close: char) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once(open) {
        left.push_str(before);
        rest = inner.split_once(close).map_or("", |(_, after)| after);
    }
    left + rest
}

#[test]
fn names_are_found_in_queries() {
    #[track_caller]
    fn check(promql: &str, names: &[&str]) {
        let expected: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(in_promql(promql), expected, "{promql}");
    }
    check(
        r#"sum by (le, a) (rate(x_bucket{a="b{c",le=~"1|1.0"}[5m] offset 1h)) or vector(0)"#,
        &["x_bucket"],
    );
    check("a:b:rate5m > 14.4 * 0.001 and on () group_left () c_d", &["a:b:rate5m", "c_d"]);
    check(r#"max by (job) ({__name__=~"a|b"} or up{job="x"} * 0)"#, &["up"]);
    check("histogram_quantile(0.99, sum by (le) (rate(h_bucket[1m])))", &["h_bucket"]);
}

#[test]
fn names_are_read_from_the_table() {
    #[track_caller]
    fn check(line: &str, names: &[&str]) {
        assert_eq!(in_line(line), names, "{line}");
    }
    check(
        "| `a.b` | s, histogram | `service` | Time |",
        &["a_b_seconds_bucket", "a_b_seconds_count", "a_b_seconds_sum"],
    );
    check("| `a.b` | {message}, counter | | Messages |", &["a_b_total"]);
    check("| `a.b` | By, gauge | | Bytes |", &["a_b_bytes"]);
    check("| `a.bytes` | By, gauge | | Bytes |", &["a_bytes"]);
    check("| `a.b` | 1, gauge | | A share |", &["a_b_ratio"]);
    check("| `a.b` | {order}, gauge | | Orders |", &["a_b"]);
    check("Words with a `name` in them", &[]);
}
