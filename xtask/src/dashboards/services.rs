//! Each service by RED (rate, errors, duration) and USE (utilisation, saturation, errors).

use super::board::{Board, Kind, Panel, Query, Row, Variable, quantile};

pub fn board() -> Board {
    Board {
        uid: "starling-services",
        title: "Starling: services",
        description: "Rate, errors and duration of what each service does; what its processes use.",
        variables: vec![Variable::Label {
            name: "service",
            label: "Service",
            query: "label_values(starling_messages_consumed_total, service)",
        }],
        rows: vec![door(), messages(), spans(), outside(), machine()],
    }
}

fn lines(unit: &'static str, title: &'static str, description: &'static str) -> Panel {
    Panel::new(Kind::Lines, unit, title, description).wide(8)
}

fn door() -> Row {
    let http = "http_server_request_duration_seconds";
    Row {
        title: "The gateway: HTTP",
        panels: vec![
            lines("reqps", "Requests", "Answered requests a second, by method and route.").range(
                "{{http_request_method}} {{http_route}}",
                format!("sum by (http_request_method, http_route) (rate({http}_count[$__rate_interval]))"),
            ),
            lines("percentunit", "Failed", "Share of requests answered with 5xx. The promise is below 0.1 %.")
                .limits(0.001, 0.0144)
                .range("5xx", format!("(sum(rate({http}_count{{http_response_status_code=~\"5..\"}}[$__rate_interval])) or vector(0)) / sum(rate({http}_count[$__rate_interval]))")),
            lines("s", "Duration of POST /v1/orders", "Until the answer's head. 202 has no wait in it; 200 has the wait that the client asked for.")
                .range("p99 {{http_response_status_code}}", quantile(0.99, http, "http_request_method=\"POST\",http_route=\"/v1/orders\"", "http_response_status_code"))
                .range("p50 {{http_response_status_code}}", quantile(0.5, http, "http_request_method=\"POST\",http_route=\"/v1/orders\"", "http_response_status_code")),
            lines("s", "Duration, 99th percentile", "By route.")
                .range("{{http_route}}", quantile(0.99, http, "", "http_route")),
            lines("short", "Under way", "Requests that have no answer yet; event streams among them.")
                .range("under way", "sum(http_server_active_requests)"),
            lines("reqps", "Turned away", "By reason: crowd, connections, pace, quota, slow.")
                .empty_when("nobody was turned away.")
                .range("{{reason}}", "sum by (reason) (rate(starling_http_refused_total[$__rate_interval]))"),
        ],
    }
}

fn messages() -> Row {
    Row {
        title: "Messages and requests on NATS",
        panels: vec![
            lines("ops", "Messages", "Committed a second, by what came of them.").range(
                "{{service}} {{outcome}}",
                "sum by (service, outcome) (rate(starling_messages_consumed_total{service=~\"$service\"}[$__rate_interval]))",
            ),
            lines("ops", "Redelivered and given up", "Came again; became dead letters.")
                .empty_when("nothing came twice and nothing was given up.")
                .range("{{service}} came again", "sum by (service) (rate(starling_messages_redelivered_total{service=~\"$service\"}[$__rate_interval]))")
                .range("{{service}} dead letters", "sum by (service) (rate(starling_messages_dead_total{service=~\"$service\"}[$__rate_interval]))"),
            lines("s", "Transaction, 99th percentile", "From a batch's begin to its commit, all tries together.")
                .range("{{service}}", quantile(0.99, "starling_batch_duration_seconds", "service=~\"$service\"", "service")),
            lines("short", "Messages in a transaction", "The mean. Under load it grows, and the cost of a message falls.").range(
                "{{service}}",
                "sum by (service) (rate(starling_batch_messages_sum{service=~\"$service\"}[$__rate_interval])) / sum by (service) (rate(starling_batch_messages_count{service=~\"$service\"}[$__rate_interval]))",
            ),
            lines("s", "Answers to requests, 99th percentile", "What the gateway waits for, by subject.")
                .empty_when("nobody asked.")
                .range("{{subject}}", quantile(0.99, "starling_request_duration_seconds", "service=~\"$service\"", "subject")),
            lines("ops", "Answers that failed or were refused", "`failed` is the service's fault, `refused` the asker's.")
                .empty_when("all were answered.")
                .range("{{service}} {{outcome}}", "sum by (service, outcome) (rate(starling_request_duration_seconds_count{service=~\"$service\",outcome!=\"answered\"}[$__rate_interval]))"),
        ],
    }
}

fn spans() -> Row {
    let duration = "traces_span_metrics_duration_seconds";
    let slow = Panel::new(
        Kind::Lines,
        "s",
        "Steps, 99th percentile",
        "Of all spans, counted before traces are thrown away; each point leads to an example trace.",
    );
    let errors = Panel::new(Kind::Lines, "ops", "Failed steps", "Spans with an error, by service and name.");
    let graph = Panel::new(
        Kind::Graph,
        "short",
        "Who speaks to whom",
        "Made by Tempo from the traces that were kept, so its figures are a share of the truth.",
    );
    Row {
        title: "Traces",
        panels: vec![
            slow.exemplars("{{span_name}}", quantile(0.99, duration, "", "span_name")),
            errors.empty_when("no step failed.").range(
                "{{service_name}} {{span_name}}",
                "sum by (service_name, span_name) (rate(traces_span_metrics_calls_total{status_code=\"STATUS_CODE_ERROR\"}[$__rate_interval]))",
            ),
            graph.wide(24).asks(Query::Services),
        ],
    }
}

fn outside() -> Row {
    Row {
        title: "Outside, timers, caches",
        panels: vec![
            lines("s", "Calls to provider and carrier, 99th percentile", "By outcome; `unknown` is asked again.")
                .range("{{outside}} {{outcome}}", quantile(0.99, "starling_call_duration_seconds", "", "outside, outcome")),
            lines("short", "Circuit breakers", "1 while calls are kept back.")
                .limits(0.5, 1.0)
                .empty_when("no breaker has opened or closed since the start.")
                .range("{{outside}}", "max by (outside) (starling_breaker_open)"),
            lines("ops", "Calls", "To provider and carrier, by outcome.").range(
                "{{outside}} {{outcome}}",
                "sum by (outside, outcome) (rate(starling_call_duration_seconds_count[$__rate_interval]))",
            ),
            lines("s", "Timers, 99th percentile", "One look of each sweep.")
                .range("{{service}} {{sweep}}", quantile(0.99, "starling_sweep_duration_seconds", "service=~\"$service\"", "service, sweep")),
            lines("percentunit", "Cache hits", "Found near or in Redis, of all lookups.")
                .empty_when("nothing was looked up.")
                .range("{{cache}}", "sum by (cache) (rate(starling_cache_lookups_total{outcome!=\"miss\"}[$__rate_interval])) / sum by (cache) (rate(starling_cache_lookups_total[$__rate_interval]))"),
        ],
    }
}

fn machine() -> Row {
    Row {
        title: "Processes (USE)",
        panels: vec![
            lines("percentunit", "Workers busy", "Share of their time that the runtime's threads ran tasks.")
                .limits(0.8, 0.95)
                .range("{{service_name}} {{instance}}", "starling_runtime_busy_ratio"),
            lines("short", "Tasks waiting", "For a thread, in the common queue: saturation.")
                .range("{{service_name}} {{instance}}", "starling_runtime_queue"),
            lines("short", "Cores used", "CPU time a second, and the threads that run tasks.")
                .range(
                    "{{service_name}} {{instance}}",
                    "rate(process_cpu_time_seconds_total[$__rate_interval])",
                )
                .range("threads of {{service_name}}", "max by (service_name) (starling_runtime_workers)"),
            lines("bytes", "Memory", "Resident.")
                .range("{{service_name}} {{instance}}", "process_memory_usage_bytes"),
            lines("short", "Database connections", "In use and idle, by service; all its replicas together.")
                .range(
                    "{{db_client_connection_pool_name}} {{state}}",
                    "sum by (db_client_connection_pool_name, state) (db_client_connection_count)",
                ),
        ],
    }
}
