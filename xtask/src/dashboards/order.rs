//! One order: its traces, and what was logged about it.

use super::board::{Board, Kind, Panel, Query, Row, Variable};

pub fn board() -> Board {
    Board {
        uid: "starling-order",
        title: "Starling: one order",
        description: "Put an order's id in: every trace about it, and every log line, of all services. `starling timeline` has \
                      the same as facts.",
        variables: vec![
            Variable::Text { name: "order", label: "Order id" },
            Variable::Text { name: "trace", label: "Trace id (from the table)" },
        ],
        rows: vec![traces(), logs()],
    }
}

fn traces() -> Row {
    let table = Panel::new(
        Kind::Table,
        "short",
        "Traces of this order",
        "The first is its life from the door to its end. Later ones, each linked to it, are what came again or was \
         wished later. A trace that sampling threw away is missing.",
    );
    let failed = Panel::new(Kind::Table, "short", "Steps of this order that failed", "Spans with an error.");
    let one = Panel::new(
        Kind::Trace,
        "short",
        "One trace",
        "Put a trace id of the table above into the second field. From each span a link leads to its log lines.",
    );
    Row {
        title: "Traces",
        panels: vec![
            table.asks(Query::Traces("{ span.order.id = \"$order\" }")),
            failed
                .empty_when("no step of the order failed.")
                .asks(Query::Traces("{ span.order.id = \"$order\" && status = error }")),
            one.wide(24).asks(Query::Traces("$trace")),
        ],
    }
}

fn logs() -> Row {
    let about = Panel::new(
        Kind::Logs,
        "short",
        "Log lines about this order",
        "Of all services: those that carry the order's id. From each a link leads to its trace.",
    );
    let traced = Panel::new(
        Kind::Logs,
        "short",
        "Log lines of the trace",
        "All that was logged within the trace of the second field.",
    );
    Row {
        title: "Logs",
        panels: vec![
            about
                .wide(24)
                .empty_when(
                    "nothing was logged about it: an order that goes well is silent at the level info.",
                )
                .asks(Query::Logs("{service_namespace=\"starling\"} | order_id=\"$order\"")),
            traced
                .wide(24)
                .empty_when("nothing was logged within it.")
                .asks(Query::Logs("{service_namespace=\"starling\"} | trace_id=\"$trace\"")),
        ],
    }
}
