//! The choreography: how many orders come how far, what falls out where and why, what is undone, what stands still.

use super::board::{Board, Kind, Panel, Row, quantile};

pub fn board() -> Board {
    Board {
        uid: "starling-choreography",
        title: "Starling: choreography",
        description: "How far orders come, what falls out and why, what is undone, what stands still.",
        variables: vec![],
        rows: vec![way(), out(), undone(), stuck()],
    }
}

/// So many orders took this step in the time shown.
fn step(step: &str) -> String {
    format!("sum(increase(starling_order_steps_total{{step=\"{step}\"}}[$__range])) or vector(0)")
}

fn way() -> Row {
    let funnel = Panel::new(
        Kind::Bars,
        "short",
        "How far orders came",
        "Orders that took each step in the time shown. Stock and a slot are set aside before money moves, side by side; \
         each later bar should be nearly as long as the one before, but for what the next row explains.",
    );
    let funnel = funnel
        .now("accepted by the gateway", "sum(increase(http_server_request_duration_seconds_count{http_request_method=\"POST\",http_route=\"/v1/orders\",http_response_status_code=~\"200|202\"}[$__range])) or vector(0)")
        .now("created", step("created"))
        .now("stock reserved", step("reserved"))
        .now("shipment held", step("held"))
        .now("paid", step("paid"))
        .now("shipment scheduled", step("scheduled"))
        .now("confirmed", step("confirmed"))
        .now("dispatched", step("dispatched"))
        .now("completed", step("completed"));
    let share = Panel::new(
        Kind::Stat,
        "percentunit",
        "Confirmed",
        "Of the orders that were settled in the time shown, so many were confirmed.",
    );
    let late = Panel::new(
        Kind::Stat,
        "percentunit",
        "Settled within a second",
        "The promise is 99.9 %. Orders that waited for their customer are left out.",
    );
    let rates = Panel::new(
        Kind::Lines,
        "ops",
        "Steps a second",
        "A step that falls behind the others is where orders wait.",
    );
    let settle = Panel::new(
        Kind::Lines,
        "s",
        "From accepted to settled",
        "Median, 99th and 99.9th percentile; confirmed and cancelled orders together.",
    );
    let histogram = "starling_order_settle_duration_seconds";
    Row {
        title: "The way",
        panels: vec![
            funnel,
            rates.range("{{step}}", "sum by (step) (rate(starling_order_steps_total[$__rate_interval]))"),
            share.wide(6).now("confirmed", "sum(increase(starling_orders_total{status=\"confirmed\"}[$__range])) / sum(increase(starling_orders_total{status=~\"confirmed|cancelled\"}[$__range]))"),
            late.wide(6).now("within 1 s", format!("sum(increase({histogram}_bucket{{le=~\"1|1.0\"}}[$__range])) / sum(increase({histogram}_count[$__range]))")),
            settle
                .range("p50", quantile(0.5, histogram, "", ""))
                .range("p99", quantile(0.99, histogram, "", ""))
                .range("p99.9", quantile(0.999, histogram, "", "")),
        ],
    }
}

fn out() -> Row {
    let reasons = Panel::new(
        Kind::Bars,
        "short",
        "Why orders were cancelled",
        "By the reason that order.cancelled carries: declined, out_of_stock, not_deliverable, by_customer, by_admin, \
         expired, invalid, idempotency_conflict.",
    );
    let exits = Panel::new(
        Kind::Stack,
        "ops",
        "Where orders fell out",
        "No stock, no delivery, no money (declined), or money that is still awaited (pending): a second, each.",
    );
    Row {
        title: "What falls out",
        panels: vec![
            reasons
                .empty_when("no order was cancelled.")
                .now("{{reason}}", "sort_desc(sum by (reason) (increase(starling_orders_total{status=\"cancelled\"}[$__range])))"),
            exits
                .empty_when("no order fell out.")
                .range("{{step}}", "sum by (step) (rate(starling_order_steps_total{step=~\"rejected|not_deliverable|declined|pending|cancelled\"}[$__rate_interval]))"),
        ],
    }
}

fn undone() -> Row {
    let undo = Panel::new(
        Kind::Stack,
        "ops",
        "What was undone",
        "Compensations a second, as orders hears of them: stock that went back, charges voided, money refunded, parcels \
         called off.",
    );
    let refunds = Panel::new(
        Kind::Lines,
        "short",
        "Refunds",
        "In the time of a point. A failed one is owed to a customer until a refund with a new reference succeeds.",
    );
    let again = Panel::new(
        Kind::Lines,
        "ops",
        "What came again or too late",
        "Messages that changed nothing: repeats, news about orders that are over, and those the journal knew.",
    );
    Row {
        title: "Compensations",
        panels: vec![
            undo.wide(8).empty_when("nothing was undone.").range(
                "{{subject}}",
                "sum by (subject) (rate(starling_messages_consumed_total{service=\"orders\",subject=~\"stock.released|payment.voided|payment.refunded|shipment.cancelled\"}[$__rate_interval]))",
            ),
            refunds.wide(8).empty_when("nothing was refunded.").range(
                "{{outcome}}",
                "sum by (outcome) (increase(starling_order_refunds_total[$__rate_interval]))",
            ),
            again.wide(8).empty_when("nothing came twice.").range(
                "{{service}} {{outcome}}",
                "sum by (service, outcome) (rate(starling_messages_consumed_total{outcome=~\"ignored_repeat|ignored_too_late|journal_hit\"}[$__rate_interval]))",
            ),
        ],
    }
}

fn stuck() -> Row {
    let open = Panel::new(
        Kind::Stack,
        "short",
        "Open orders",
        "Orders that wait for something, by how far they are. Replicas tell the same: the highest counts.",
    );
    let stuck = Panel::new(
        Kind::Stack,
        "short",
        "Stuck orders by age",
        "Open orders by how long ago they should have gone on. Below a minute is the ordinary course; beyond it an alert \
         fires. `starling stuck` names them.",
    );
    Row {
        title: "What stands still",
        panels: vec![
            open.range("{{status}}", "max by (status) (starling_orders_open)"),
            stuck.limits(1.0, 10.0).range("{{age}}", "max by (age) (starling_orders_stuck)"),
        ],
    }
}
