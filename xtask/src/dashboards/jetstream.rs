//! JetStream: what waits for whom, what came again, how long storing takes; and what that means for orders.

use super::board::{Board, Kind, Panel, Row, quantile};

pub fn board() -> Board {
    Board {
        uid: "starling-jetstream",
        title: "Starling: JetStream",
        description: "Lag beside what it does to orders; redelivery; how long JetStream takes to store.",
        variables: vec![],
        rows: vec![lag(), publishing(), streams()],
    }
}

fn lines(unit: &'static str, title: &'static str, description: &'static str) -> Panel {
    Panel::new(Kind::Lines, unit, title, description)
}

fn lag() -> Row {
    Row {
        title: "Lag, and what it does to orders",
        panels: vec![
            lines("short", "Not delivered yet", "Messages that wait for a consumer: its lag. Replicas tell the same, so the highest counts.")
                .limits(1_000.0, 10_000.0)
                .range("{{consumer_name}} of {{stream_name}}", "max by (stream_name, consumer_name) (jetstream_consumer_num_pending)"),
            lines("s", "From accepted to settled", "The same time for whoever ordered: 99th percentile.")
                .range("p99 {{outcome}}", quantile(0.99, "starling_order_settle_duration_seconds", "", "outcome")),
            lines("short", "In hand", "Delivered and not acknowledged yet.")
                .range("{{consumer_name}} of {{stream_name}}", "max by (stream_name, consumer_name) (jetstream_consumer_num_ack_pending)"),
            lines("short", "Delivered more than once", "Of what is in hand. Not for long: then somebody fails with the same message again and again.")
                .range("{{consumer_name}} of {{stream_name}}", "max by (stream_name, consumer_name) (jetstream_consumer_num_redelivered)"),
            lines("ops", "Redelivered", "Messages that came again, by service and subject.")
                .empty_when("nothing came twice.")
                .range("{{service}} {{subject}}", "sum by (service, subject) (rate(starling_messages_redelivered_total[$__rate_interval]))"),
            lines("short", "Dead letters that wait", "Not redriven yet, by service. `starling dead list` names them.")
                .limits(1.0, 100.0)
                .range("{{service}}", "max by (service) (starling_dead_waiting)"),
        ],
    }
}

fn publishing() -> Row {
    let duration = "starling_publish_duration_seconds";
    Row {
        title: "Publishing",
        panels: vec![
            lines(
                "s",
                "Until JetStream has stored it",
                "From sending to the acknowledgement: the disk's sync, mostly.",
            )
            .range("p99 {{how}}", quantile(0.99, duration, "", "how"))
            .range("p50 {{how}}", quantile(0.5, duration, "", "how")),
            lines("ops", "Messages published", "By who, in a batch or single.").range(
                "{{service}} {{how}}",
                "sum by (service, how) (rate(starling_messages_published_total[$__rate_interval]))",
            ),
        ],
    }
}

fn streams() -> Row {
    Row {
        title: "Streams",
        panels: vec![
            lines(
                "ops",
                "Messages stored",
                "By the number of the last message. A stream that lost its tail goes back.",
            )
            .range(
                "{{stream_name}}",
                "max by (stream_name) (rate(jetstream_stream_last_seq[$__rate_interval]))",
            )
            .wide(8),
            lines("short", "Messages kept", "Fourteen days of them, but for what has no limit of age.")
                .range("{{stream_name}}", "max by (stream_name) (jetstream_stream_messages)")
                .wide(8),
            lines("bytes", "Bytes kept", "Streams have no limit by bytes: watch the disk.")
                .range("{{stream_name}}", "max by (stream_name) (jetstream_stream_bytes)")
                .wide(8),
        ],
    }
}
