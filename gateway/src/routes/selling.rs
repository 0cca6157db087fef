//! Carts, and the rules that prices follow.

use super::{
    Access::{Anyone, RunsTheShop, SignedIn},
    Route, route,
};
use crate::{
    cart::{self, Cart, CartView, Checkout, Merge},
    document::Doc,
    orders::Accepted,
    problem::Kind,
    selling,
};
use contracts::{OrderView, PriceRules};

pub(super) fn routes() -> Vec<Route> {
    carts().into_iter().chain(rules()).collect()
}

fn carts() -> Vec<Route> {
    let doc = |summary| Doc::new("carts", summary);
    vec![
        route("POST /v1/carts", Anyone, cart::create).doc(
            doc("Begin a visitor's cart")
                .header("Idempotency-Key", false, "a random UUID: for a day it stands for the same cart")
                .sends("ETag")
                .sends("Location")
                .body::<Cart>()
                .reply::<CartView>(201, "the cart, with its id")
                .problem(Kind::NotFound)
                .problem(Kind::KeyReused),
        ),
        route("GET /v1/carts/{id}", Anyone, cart::show).doc(
            doc("Show a visitor's cart with what it costs").sends("ETag").reply::<CartView>(200, "the cart"),
        ),
        route("PUT /v1/carts/{id}", Anyone, cart::put).doc(
            doc("Change a visitor's cart")
                .header("If-Match", false, "the `ETag` of the version that the change builds on")
                .sends("ETag")
                .body::<Cart>()
                .reply::<CartView>(200, "the cart")
                .problem(Kind::Stale),
        ),
        route("GET /v1/cart", SignedIn, cart::show_own).doc(
            doc("Show one's cart with what it costs")
                .sends("ETag")
                .reply::<CartView>(200, "the cart")
                .problem(Kind::NotFound),
        ),
        route("PUT /v1/cart", SignedIn, cart::put_own).doc(
            doc("Change one's cart")
                .header("If-Match", false, "the `ETag` of the version that the change builds on")
                .sends("ETag")
                .body::<Cart>()
                .reply::<CartView>(200, "the cart")
                .problem(Kind::Stale),
        ),
        route("POST /v1/cart/merge", SignedIn, cart::merge).doc(
            doc("Put a visitor's cart into one's own")
                .sends("ETag")
                .body::<Merge>()
                .reply::<CartView>(200, "one's own cart")
                .problem(Kind::NotFound)
                .problem(Kind::Conflict),
        ),
        route("POST /v1/cart/checkout", SignedIn, cart::check_out).doc(
            doc("Buy what is in one's cart")
                .header("Idempotency-Key", true, "1 to 255 characters; the same for every try")
                .header(
                    "Prefer",
                    false,
                    "`wait=N`: wait up to N (30 at most) seconds for the order to be settled",
                )
                .sends("Location")
                .body::<Checkout>()
                .reply::<Accepted>(202, "the order is stored")
                .reply::<OrderView>(200, "the order is settled")
                .problem(Kind::Conflict)
                .problem(Kind::KeyReused),
        ),
    ]
}

fn rules() -> Vec<Route> {
    let doc = |summary| Doc::new("prices", summary);
    vec![
        route("GET /v1/price-rules", RunsTheShop, selling::show)
            .doc(doc("Show promotions, coupons and tax rates").reply::<PriceRules>(200, "all of them")),
        route("PUT /v1/promotions/{id}", RunsTheShop, selling::put_promotion).doc(
            doc("Create or change a promotion").body::<selling::NewPromotion>().reply_empty(204, "it is so"),
        ),
        route("DELETE /v1/promotions/{id}", RunsTheShop, selling::delete_promotion)
            .doc(doc("Delete a promotion and its coupons").reply_empty(204, "it is gone")),
        route("PUT /v1/coupons/{code}", RunsTheShop, selling::put_coupon)
            .doc(doc("Create or change a coupon").body::<selling::NewCoupon>().reply_empty(204, "it is so")),
        route("DELETE /v1/coupons/{code}", RunsTheShop, selling::delete_coupon)
            .doc(doc("Delete a coupon").reply_empty(204, "it is gone")),
        route("PUT /v1/tax-rates", RunsTheShop, selling::put_tax_rates)
            .doc(doc("Set all tax rates").body::<selling::TaxRates>().reply_empty(204, "they are so")),
    ]
}
