//! The collector and the stores: whether they keep up, and what they use of their own budget.

use super::board::{Board, Kind, Panel, Row};

pub fn board() -> Board {
    Board {
        uid: "starling-stack",
        title: "Starling: the stack itself",
        description: "Collector, Loki, Tempo, Mimir: what comes in, what is lost, what they use of their budget.",
        variables: vec![],
        rows: vec![health(), flow(), budget()],
    }
}

fn lines(unit: &'static str, title: &'static str, description: &'static str) -> Panel {
    Panel::new(Kind::Lines, unit, title, description).wide(8)
}

fn health() -> Row {
    let stat = |unit, title, description| Panel::new(Kind::Stat, unit, title, description).wide(6);
    Row {
        title: "Is it well?",
        panels: vec![
            stat("short", "Up", "1: the collector reaches it.")
                .now("{{job}}", "max by (job) (up{job=~\"collector|loki|tempo|mimir\"})"),
            stat(
                "short",
                "Dropped",
                "Spans, points and lines that were not delivered, refused or discarded, in the time shown.",
            )
            .limits(1.0, 1_000.0)
            .now("{{job}}", "increase(stack:dropped:sum[$__range])"),
            stat("short", "Alerts firing", "Of all kinds.")
                .limits(1.0, 5.0)
                .now("firing", "sum(ALERTS{alertstate=\"firing\"}) or vector(0)"),
            stat("short", "Series in Mimir", "The limit is 150,000.")
                .limits(100_000.0, 120_000.0)
                .now("series", "sum(cortex_ingester_memory_series)"),
        ],
    }
}

fn flow() -> Row {
    Row {
        title: "What flows",
        panels: vec![
            lines("ops", "Spans", "What the collector took, and what it sent on after sampling.")
                .range("taken", "sum(rate(otelcol_receiver_accepted_spans_total[$__rate_interval]))")
                .range("kept", "sum(rate(otelcol_exporter_sent_spans_total[$__rate_interval]))"),
            lines("ops", "Log lines and metric points", "What the collector took.")
                .range("lines", "sum(rate(otelcol_receiver_accepted_log_records_total[$__rate_interval]))")
                .range("points", "sum(rate(otelcol_receiver_accepted_metric_points_total[$__rate_interval]))"),
            lines("ops", "Why traces were kept", "Traces a second by the policy that kept them; one may have several reasons.").range(
                "{{policy}}",
                "sum by (policy) (rate(otelcol_processor_tail_sampling_count_traces_sampled_total{sampled=\"true\"}[$__rate_interval]))",
            ),
            lines("percentunit", "Exporters' queues", "How full. At 1 the collector drops what comes.")
                .limits(0.5, 0.9)
                .range("{{exporter}}", "max by (exporter) (otelcol_exporter_queue_size / otelcol_exporter_queue_capacity)"),
            lines("ops", "Traces decided too late", "Thrown out of the collector's memory before their time: it has too little room.")
                .range("too early", "sum(rate(otelcol_processor_tail_sampling_sampling_trace_dropped_too_early_total[$__rate_interval]))"),
            lines("ops", "What was lost", "By who lost it: not delivered, refused or discarded.")
                .range("{{job}}", "rate(stack:dropped:sum[$__rate_interval])"),
        ],
    }
}

fn budget() -> Row {
    Row {
        title: "What it uses",
        panels: vec![
            lines("bytes", "Memory", "Resident. The limits on one machine: collector 512 MiB, Loki and Tempo 1 GiB, Mimir 1.5 GiB.")
                .range("{{job}}", "stack:memory_bytes:max"),
            lines("short", "Cores used", "CPU time a second.")
                .range("{{job}}", "sum by (job) (rate(process_cpu_seconds_total{job=~\"loki|tempo|mimir\"}[$__rate_interval]))")
                .range("collector", "sum(rate(otelcol_process_cpu_seconds_total[$__rate_interval]))"),
            lines("short", "Held in memory", "Series in Mimir, streams in Loki, traces in Tempo.")
                .range("series", "sum(cortex_ingester_memory_series)")
                .range("streams", "sum(loki_ingester_memory_streams)")
                .range("traces", "sum(tempo_ingester_live_traces)"),
        ],
    }
}
