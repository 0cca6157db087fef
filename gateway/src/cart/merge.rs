//! A visitor signs in: what was in the visitor's cart goes into the customer's.

use super::{Cart, read, view, which, write};
use crate::{
    access::By,
    app::App,
    body::Json,
    memory::carts::{Kept, Whose},
    problem::{Kind, Problem},
};
use axum::{extract::State, response::Response};
use contracts::{MAX_CART_LINES, MAX_CODES};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// How often it is tried while the customer writes to the cart elsewhere.
const TRIES: u32 = 3;

/// Which cart goes into one's own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Merge {
    /// The visitor's.
    cart_id: String,
}

/// `POST /v1/cart/merge`
///
/// The visitor's cart is deleted after the customer's is written: a crash in between merges it again, to the same cart.
pub(crate) async fn merge(
    State(app): State<Arc<App>>,
    By(by): By,
    Json(Merge { cart_id }): Json<Merge>,
) -> Result<Response, Problem> {
    let (own, from) = (Whose::Customer(by.id), Whose::Anyone(which(&cart_id)?));
    let visitor = read(&app, from).await?.ok_or_else(|| Problem::not_found("cart"))?;
    for _ in 0..TRIES {
        let known = read(&app, own).await?;
        let expected = known.as_ref().map_or(0, |kept| kept.version);
        let cart = merged(known.map(|kept| kept.cart), visitor.cart.clone());
        match write(&app, own, Some(expected), &cart).await {
            Ok(version) => {
                app.memory.delete_cart(from, visitor.version).await.map_err(super::away)?;
                return view(&app, own, Kept { version, cart, bought: None }).await;
            }
            Err(problem) if problem.is(Kind::Stale) => {}
            Err(problem) => return Err(problem),
        }
    }
    Err(Problem::new(Kind::Conflict, "the cart is being changed elsewhere"))
}

/// Of a SKU in both the larger quantity stays (a sum would double a cart that is merged twice), the customer's lines
/// come first, and the customer's currency and destination hold. What is beyond the limits is left out.
fn merged(own: Option<Cart>, visitor: Cart) -> Cart {
    let Some(mut cart) = own else { return visitor };
    for line in visitor.lines {
        match cart.lines.iter_mut().find(|known| known.sku == line.sku) {
            Some(known) => known.quantity = known.quantity.max(line.quantity),
            None => cart.lines.push(line),
        }
    }
    cart.lines.truncate(MAX_CART_LINES);
    let new = visitor.codes.into_iter().filter(|code| !cart.codes.contains(code)).collect::<Vec<_>>();
    cart.codes.extend(new);
    cart.codes.truncate(MAX_CODES);
    cart
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn cart(lines: &[(&str, u32)], codes: &[&str]) -> Cart {
        let lines: Vec<_> =
            lines.iter().map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity })).collect();
        let cart =
            json!({ "currency": "GBP", "lines": lines, "codes": codes, "destination": { "country": "GB" } });
        serde_json::from_value(cart).unwrap()
    }

    #[test]
    fn the_larger_quantity_stays_and_merging_twice_changes_nothing() {
        let (own, visitor) =
            (cart(&[("tea", 2), ("mug", 1)], &["A"]), cart(&[("mug", 3), ("pot", 1)], &["B", "A"]));
        let once = merged(Some(own), visitor.clone());
        assert_eq!(once, cart(&[("tea", 2), ("mug", 3), ("pot", 1)], &["A", "B"]));
        assert_eq!(merged(Some(once.clone()), visitor.clone()), once);
        assert_eq!(merged(None, visitor.clone()), visitor);
    }

    #[test]
    fn what_is_beyond_the_limits_is_left_out() {
        let names: Vec<String> = (0..MAX_CART_LINES).map(|n| format!("s{n}")).collect();
        let full: Vec<(&str, u32)> = names.iter().map(|name| (name.as_str(), 1)).collect();
        assert_eq!(merged(Some(cart(&full, &[])), cart(&[("tea", 1)], &[])), cart(&full, &[]));
    }
}
