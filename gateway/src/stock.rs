//! Stock: shown, received, adjusted.

use crate::{access::Trace, app::App, body::Json, problem::Problem, send::Sent};
use axum::extract::{Path, State};
use contracts::{
    AdjustStock, GetStockLevel, MAX_RECEIPT_LINES, ReceiveStock, ReceivedLine, Reference, Sku, StockLevel,
    Text,
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{collections::BTreeSet, sync::Arc};

pub(crate) async fn level(
    State(app): State<Arc<App>>,
    Path(sku): Path<String>,
) -> Result<axum::Json<StockLevel>, Problem> {
    let sku = Sku::new(sku).map_err(|_| Problem::not_found("SKU"))?;
    app.ask(&GetStockLevel { sku }, "SKU").await.map(axum::Json)
}

/// Goods that came in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Receipt {
    /// The client's own; the same one again adds nothing.
    reference: Reference,
    /// 1 to 200, each SKU once.
    #[schemars(length(min = 1, max = 200))]
    lines: Vec<ReceivedLine>,
}

pub(crate) async fn receive(
    State(app): State<Arc<App>>,
    trace: Trace,
    Json(Receipt { reference, lines }): Json<Receipt>,
) -> Result<Sent, Problem> {
    if lines.is_empty() || lines.len() > MAX_RECEIPT_LINES {
        return Err(Problem::field("lines", format!("a receipt has 1 to {MAX_RECEIPT_LINES} lines")));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = lines.iter().position(|line| !seen.insert(&line.sku)) {
        return Err(Problem::field(format!("lines[{twice}].sku"), "stands in an earlier line already"));
    }
    app.send_alone(&ReceiveStock { reference, lines }, trace).await
}

/// What a count showed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Adjustment {
    /// The client's own; the same one again changes nothing.
    reference: Reference,
    /// What.
    sku: Sku,
    /// Pieces more or, below zero, less.
    delta: i64,
    /// Why, in words.
    reason: Text<200>,
}

pub(crate) async fn adjust(
    State(app): State<Arc<App>>,
    trace: Trace,
    Json(Adjustment { reference, sku, delta, reason }): Json<Adjustment>,
) -> Result<Sent, Problem> {
    if delta == 0 {
        return Err(Problem::field("delta", "more or less than 0"));
    }
    app.send_alone(&AdjustStock { reference, sku, delta, reason }, trace).await
}
