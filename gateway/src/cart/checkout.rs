//! `POST /v1/cart/checkout`: the cart becomes an order.

use super::{Cart, quote, read};
use crate::{
    access::{By, Trace},
    app::App,
    body::Json,
    memory::carts::Whose,
    orders::{Form, submit},
    problem::{Kind, Problem},
};
use axum::{extract::State, http::HeaderMap, response::Response};
use contracts::{Address, Amount, CartQuote, Line, OrderFromCart, OrderId, Payment, SlotId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The cart is bought.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkout {
    /// What the customer saw that it costs: the quote's total. If it costs another amount now, nothing is ordered.
    total: Amount,
    /// Where to; its country must be the cart's.
    address: Address,
    /// When to deliver; none: the next that has room.
    #[serde(default)]
    slot: Option<SlotId>,
    /// How it is paid.
    payment: Payment,
}

/// Under the same idempotency rules as `POST /v1/orders`. The cart is emptied once the order is stored, unless it was
/// changed meanwhile.
pub(crate) async fn check_out(
    State(app): State<Arc<App>>,
    By(caller): By,
    trace: Trace,
    headers: HeaderMap,
    Json(checkout): Json<Checkout>,
) -> Result<Response, Problem> {
    let whose = Whose::Customer(caller.id);
    let canonical = serde_json::to_vec(&checkout).map_err(|_| Problem::new(Kind::Internal, "not written"))?;
    let mut bought = None;
    let form = async |order_id: OrderId| {
        let kept =
            read(&app, whose).await?.filter(|kept| !kept.cart.lines.is_empty() || kept.bought.is_some());
        let kept = kept.ok_or_else(empty)?;
        if kept.bought == Some(order_id) {
            // It is stored: only then is a cart emptied.
            return Ok(None);
        }
        let form = form(&app, caller.id, order_id, kept.cart.clone(), checkout).await?;
        bought = Some((kept, order_id));
        Ok(Some(form))
    };
    let response = submit(&app, caller, trace, &headers, &canonical, form).await?;
    if let Some((kept, order)) = bought
        && app.memory.buy_cart(whose, &kept, order).await.is_err()
    {
        tracing::info!("a cart that was bought is not emptied: Redis is away");
    }
    Ok(response)
}

async fn form(
    app: &App,
    customer: contracts::CustomerId,
    order_id: OrderId,
    cart: Cart,
    checkout: Checkout,
) -> Result<Form, Problem> {
    let Checkout { total, address, slot, payment } = checkout;
    if address.country != cart.destination.country {
        return Err(Problem::field(
            "address.country",
            "taxes were worked out for another country: change the cart",
        ));
    }
    let order = Some(OrderFromCart { order_id, total });
    let CartQuote { breakdown, missing, .. } = quote(app, Some(customer), &cart, order).await?;
    if let Some(line) = missing.first() {
        let index = cart.lines.iter().position(|known| known.sku == line.sku).unwrap_or_default();
        return Err(Problem::new(Kind::Conflict, "this cannot be bought").at(format!("lines[{index}].sku")));
    }
    let breakdown = breakdown.ok_or_else(empty)?;
    if breakdown.totals.total != total {
        let why = format!("the cart costs {} now", breakdown.totals.total.minor());
        return Err(Problem::new(Kind::Conflict, why).at("total"));
    }
    let line = |line: &contracts::PricedLine| Line {
        sku: line.sku.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price,
    };
    let lines = breakdown.lines.iter().map(line).collect();
    Ok(Form { currency: cart.currency, lines, address, slot, payment, breakdown: Some(Box::new(breakdown)) })
}

fn empty() -> Problem {
    Problem::new(Kind::Conflict, "the cart is empty").at("cart")
}
