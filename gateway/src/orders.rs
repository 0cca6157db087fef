//! Orders: placed, shown, listed, followed, cancelled.

mod cancel;
mod events;
mod list;
mod live;
mod place;
mod prefer;
mod show;
mod status;

pub(crate) use cancel::cancel;
pub(crate) use events::events;
pub(crate) use list::{Filter, MyFilter, list, list_mine};
pub(crate) use place::{Accepted, Form, NewOrder, place, submit};
pub(crate) use show::{Found, Shown, find, find_placed, show};
pub(crate) use status::{NewStatus, set_status};

use crate::problem::Problem;
use chassis::telemetry;
use contracts::OrderId;

/// The id in a path. What is no id is no order's id.
pub(crate) fn order_id(text: &str) -> Result<OrderId, Problem> {
    let id: OrderId = text.parse().map_err(|_| Problem::not_found("order"))?;
    telemetry::about_order(id.0);
    Ok(id)
}
