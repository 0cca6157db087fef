//! `DELETE /v1/orders/{id}`: the wish to cancel, stored. `orders` (and, once confirmed, shipping) decides.

use super::{Found, find, order_id};
use crate::{
    access::{By, Trace},
    app::App,
    problem::{Kind, Problem},
    send::Sent,
};
use axum::extract::{Path, State};
use contracts::CancelOrder;
use std::sync::Arc;

pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    By(by): By,
    Path(id): Path<String>,
    trace: Trace,
) -> Result<Sent, Problem> {
    let order_id = order_id(&id)?;
    match find(&app, by, order_id).await? {
        Found::Placed(view) if view.customer_id != by.id && !by.role.runs_the_shop() => {
            return Err(Problem::new(Kind::Forbidden, "another's order is cancelled by an admin"));
        }
        // An order that `orders` has not seen yet may be cancelled already.
        Found::Placed(_) | Found::Accepted => {}
    }
    app.send(order_id.0, &CancelOrder { order_id, by }, trace).await
}
