//! Carts: kept in Redis, priced by the catalog whenever they are shown, turned into an order in one call.
//!
//! A cart holds SKUs, quantities and codes, never prices.

mod checkout;
mod merge;
pub(crate) use checkout::{Checkout, check_out};
pub(crate) use merge::{Merge, merge};

use crate::{
    access::By,
    again,
    app::App,
    body::Json,
    etag,
    memory::{
        Away,
        carts::{Begun, Kept, Whose, Written},
    },
    problem::{Kind, Problem},
};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use contracts::{
    CartId, CartLine, CartQuote, CouponCode, Currency, CustomerId, Destination, MAX_CART_LINES, MAX_CODES,
    OrderFromCart, QuoteCart,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};
use uuid::Uuid;

/// What somebody may buy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cart {
    /// In which prices are shown.
    pub currency: Currency,
    /// At most 100, each SKU once.
    #[serde(default)]
    pub lines: Vec<CartLine>,
    /// Coupon codes, at most 10.
    #[serde(default)]
    pub codes: Vec<CouponCode>,
    /// Where to, as far as it is known: says which taxes apply.
    pub destination: Destination,
}

/// A cart with what it costs at this moment.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CartView {
    /// Of a cart that is nobody's: who knows it may use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cart_id: Option<CartId>,
    /// Grows by one with every change; also the `ETag`.
    version: i64,
    /// What is in it.
    cart: Cart,
    /// What it costs.
    quote: CartQuote,
}

/// `POST /v1/carts`
///
/// Under a key the same request is answered with the same cart, as it is by then.
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Json(cart): Json<Cart>,
) -> Result<Response, Problem> {
    check(&cart)?;
    let fresh = Begun { cart: CartId(Uuid::new_v4()), body_hash: again::body_hash(&cart)? };
    let known = match again::given_by_anyone(&headers)? {
        Some(key) => app.memory.claim_cart(key, &fresh).await.map_err(away)?,
        None => None,
    };
    if known.as_ref().is_some_and(|known| known.body_hash != fresh.body_hash) {
        return Err(Problem::key_reused());
    }
    let replayed = known.is_some();
    let id = known.map_or(fresh.cart, |known| known.cart);
    let whose = Whose::Anyone(id);
    // What is there already is left as it is. If it is not, the first request came no further than to its id.
    let kept = match app.memory.put_cart(whose, Some(0), &cart).await.map_err(away)? {
        Written::Version(version) => Kept { version, cart, bought: None },
        Written::Stale(_) => read(&app, whose).await?.ok_or_else(|| Problem::not_found("cart"))?,
    };
    let location = [(header::LOCATION, format!("/v1/carts/{id}"))];
    let view = view(&app, whose, kept).await?;
    Ok(again::answer((StatusCode::CREATED, location, view), replayed))
}

/// `GET /v1/carts/{id}`
pub(crate) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, Problem> {
    show_of(&app, Whose::Anyone(which(&id)?)).await
}

/// `PUT /v1/carts/{id}`
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(cart): Json<Cart>,
) -> Result<Response, Problem> {
    let whose = Whose::Anyone(which(&id)?);
    // An id is given out here, never taken from outside: it could be one that others can guess.
    read(&app, whose).await?.ok_or_else(|| Problem::not_found("cart"))?;
    put_of(&app, whose, &headers, cart).await
}

/// `GET /v1/cart`
pub(crate) async fn show_own(State(app): State<Arc<App>>, By(by): By) -> Result<Response, Problem> {
    show_of(&app, Whose::Customer(by.id)).await
}

/// `PUT /v1/cart`
pub(crate) async fn put_own(
    State(app): State<Arc<App>>,
    By(by): By,
    headers: HeaderMap,
    Json(cart): Json<Cart>,
) -> Result<Response, Problem> {
    put_of(&app, Whose::Customer(by.id), &headers, cart).await
}

async fn show_of(app: &App, whose: Whose) -> Result<Response, Problem> {
    let kept = read(app, whose).await?.ok_or_else(|| Problem::not_found("cart"))?;
    view(app, whose, kept).await
}

async fn put_of(app: &App, whose: Whose, headers: &HeaderMap, cart: Cart) -> Result<Response, Problem> {
    let version = write(app, whose, expected(headers)?, &cart).await?;
    view(app, whose, Kept { version, cart, bought: None }).await
}

/// The version that a write builds on, if it says so. Below zero would mean "whatever it is".
fn expected(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    etag::if_match(headers, |tag| tag.parse().ok().filter(|version| *version >= 0))
}

fn which(id: &str) -> Result<CartId, Problem> {
    id.parse().map_err(|_| Problem::not_found("cart"))
}

async fn read(app: &App, whose: Whose) -> Result<Option<Kept>, Problem> {
    app.memory.cart(whose).await.map_err(away)
}

async fn write(app: &App, whose: Whose, expected: Option<i64>, cart: &Cart) -> Result<i64, Problem> {
    check(cart)?;
    match app.memory.put_cart(whose, expected, cart).await.map_err(away)? {
        Written::Version(version) => Ok(version),
        Written::Stale(version) => {
            Err(Problem::new(Kind::Stale, format!("the newest version is {version}")).at("If-Match"))
        }
    }
}

fn away(_: Away) -> Problem {
    Problem::new(Kind::Unavailable, "carts cannot be reached at present")
}

fn check(cart: &Cart) -> Result<(), Problem> {
    if cart.lines.len() > MAX_CART_LINES {
        return Err(Problem::field("lines", format!("at most {MAX_CART_LINES}")));
    }
    if cart.codes.len() > MAX_CODES {
        return Err(Problem::field("codes", format!("at most {MAX_CODES}")));
    }
    let mut seen = BTreeSet::new();
    match cart.lines.iter().position(|line| !seen.insert(&line.sku)) {
        Some(index) => Err(Problem::field(format!("lines[{index}].sku"), "stands here twice")),
        None => Ok(()),
    }
}

/// The cart with what it costs now.
async fn view(app: &App, whose: Whose, kept: Kept) -> Result<Response, Problem> {
    let (cart_id, customer) = match whose {
        Whose::Customer(customer) => (None, Some(customer)),
        Whose::Anyone(cart) => (Some(cart), None),
    };
    let quote = quote(app, customer, &kept.cart, None).await?;
    let tag = [(header::ETAG, format!("\"{}\"", kept.version))];
    let view = CartView { cart_id, version: kept.version, cart: kept.cart, quote };
    Ok((tag, axum::Json(view)).into_response())
}

async fn quote(
    app: &App,
    customer_id: Option<CustomerId>,
    cart: &Cart,
    order: Option<OrderFromCart>,
) -> Result<CartQuote, Problem> {
    let Cart { currency, lines, codes, destination } = cart.clone();
    app.ask(&QuoteCart { customer_id, currency, lines, codes, destination, order }, "cart").await
}
