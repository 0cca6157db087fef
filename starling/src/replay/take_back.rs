//! Taking an order back because a later invoice says so.

use super::{
    Run,
    place::{Placed, settled},
};
use crate::{
    gateway_client::{As, Ask},
    retail::{Invoice, Return},
};
use anyhow::Context;
use axum::http::Method;
use contracts::OrderStatus;

/// What came of a wish to take an order back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenBack {
    /// It is cancelled, and paid back.
    Cancelled,
    /// It had been taken back before, by an earlier replay.
    Before,
    /// It had not been sold in the first place.
    NeverSold,
    /// It was on its way already.
    TooLate,
}

/// Cancels the order of a return's sale, as its customer, and waits until that is decided.
pub async fn take_back(
    run: &Run<'_>,
    back: &Return,
    sales: &[Invoice],
    placed: &[anyhow::Result<Placed>],
) -> anyhow::Result<TakenBack> {
    let (Some(sale), Some(Ok(placed))) = (sales.get(back.sale), placed.get(back.sale)) else {
        // Its placement failed: told there.
        return Ok(TakenBack::NeverSold);
    };
    match placed.status {
        OrderStatus::Cancelled if placed.reason.as_deref() == Some("by_customer") => {
            return Ok(TakenBack::Before);
        }
        OrderStatus::Cancelled => return Ok(TakenBack::NeverSold),
        OrderStatus::Dispatched | OrderStatus::Completed => return Ok(TakenBack::TooLate),
        OrderStatus::Accepted
        | OrderStatus::Placed
        | OrderStatus::StockReserved
        | OrderStatus::Paid
        | OrderStatus::Confirmed => {}
    }
    let by = As::Customer(sale.customer);
    let path = format!("/v1/orders/{}", placed.order_id);
    let ask = Ask { method: Method::DELETE, path: &path, headers: &[], body: None, by };
    let decided = async {
        run.gateway.send(&ask).await?;
        settled(run.gateway, placed.order_id, by, |view| view.status > OrderStatus::Confirmed).await
    };
    let view = decided.await.with_context(|| format!("invoice {} (of {})", back.number, sale.number))?;
    Ok(if view.status == OrderStatus::Cancelled { TakenBack::Cancelled } else { TakenBack::TooLate })
}
