//! Business: orders, revenue, what went back.

use super::board::{Board, Kind, Panel, Row};

pub fn board() -> Board {
    Board {
        uid: "starling-business",
        title: "Starling: business",
        description: "Orders, revenue and refunds. Counted by orders once committed: a picture, not the books.",
        variables: vec![],
        rows: vec![now(), over_time()],
    }
}

fn now() -> Row {
    let stat = |unit, title, description| Panel::new(Kind::Stat, unit, title, description).wide(6);
    Row {
        title: "In the time shown",
        panels: vec![
            stat("short", "Orders confirmed", "Orders that a customer keeps.").now(
                "confirmed",
                "sum(increase(starling_orders_total{status=\"confirmed\"}[$__range])) or vector(0)",
            ),
            stat("short", "Orders cancelled", "For whatever reason; the choreography board says which.").now(
                "cancelled",
                "sum(increase(starling_orders_total{status=\"cancelled\"}[$__range])) or vector(0)",
            ),
            stat("short", "Revenue", "Totals of confirmed orders in major units of a currency with two decimals.")
                .empty_when("no order was confirmed.")
                .now("{{currency}}", "sum by (currency) (increase(starling_order_revenue_total[$__range])) / 100"),
            stat("short", "Average order", "Revenue by confirmed orders, all currencies apart.")
                .empty_when("no order was confirmed.")
                .now("{{currency}}", "sum by (currency) (increase(starling_order_revenue_total[$__range])) / 100 / on () group_left () sum(increase(starling_orders_total{status=\"confirmed\"}[$__range]))"),
        ],
    }
}

fn over_time() -> Row {
    let lines = |unit, title, description| Panel::new(Kind::Lines, unit, title, description);
    Row {
        title: "Over time",
        panels: vec![
            lines("opm", "Orders a minute", "Created, confirmed, cancelled and completed.")
                .range("{{status}}", "60 * sum by (status) (rate(starling_orders_total[$__rate_interval]))"),
            lines("short", "Revenue a minute", "Major units of each currency; of confirmed orders, whatever is refunded later.")
                .empty_when("no order was confirmed.")
                .range("{{currency}}", "60 * sum by (currency) (rate(starling_order_revenue_total[$__rate_interval])) / 100"),
            lines("short", "Refunded a minute", "Major units of each currency.")
                .empty_when("nothing was refunded.")
                .range("{{currency}}", "60 * sum by (currency) (rate(starling_order_refunded_total[$__rate_interval])) / 100"),
            lines("percentunit", "Share of orders cancelled", "Of those settled at the time, by reason.")
                .empty_when("no order was cancelled.")
                .range("{{reason}}", "sum by (reason) (rate(starling_orders_total{status=\"cancelled\"}[$__rate_interval])) / on () group_left () sum(rate(starling_orders_total{status=~\"confirmed|cancelled\"}[$__rate_interval]))"),
        ],
    }
}
