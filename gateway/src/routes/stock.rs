//! Stock: shown, received, counted.

use super::{
    Access::{RunsTheShop, SignedIn},
    Route, route,
};
use crate::{document::Doc, send::Sent, stock};
use contracts::StockLevel;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route("GET /v1/stock/{sku}", SignedIn, stock::level)
            .doc(Doc::new("stock", "Show what there is of a SKU").reply::<StockLevel>(200, "the level")),
        route("POST /v1/stock/receipts", RunsTheShop, stock::receive).doc(
            Doc::new("stock", "Goods came in")
                .body::<stock::Receipt>()
                .reply::<Sent>(202, "stored; the same reference again adds nothing"),
        ),
        route("POST /v1/stock/adjustments", RunsTheShop, stock::adjust).doc(
            Doc::new("stock", "A count showed more or less than was thought")
                .body::<stock::Adjustment>()
                .reply::<Sent>(202, "stored; the same reference again changes nothing"),
        ),
    ]
}
