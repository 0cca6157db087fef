//! Payments: shown, made another way, verified, given back; and what providers tell.

use super::{
    Access::{Anyone, RunsTheShop, SignedIn},
    Route, route,
};
use crate::{document::Doc, payments, problem::Kind, send::Sent};
use contracts::PaymentView;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route("POST /v1/payments", SignedIn, payments::pay).doc(
            Doc::new("payments", "Pay a pending or declined order another way")
                .body::<payments::AnotherWay>()
                .reply::<Sent>(202, "stored; payments decides")
                .problem(Kind::NotFound)
                .problem(Kind::NotPlacedYet),
        ),
        route("GET /v1/payments/{order_id}", SignedIn, payments::show)
            .doc(Doc::new("payments", "Show an order's payment").reply::<PaymentView>(200, "the payment")),
        route("POST /v1/payments/{order_id}/verify", SignedIn, payments::verify).doc(
            Doc::new("payments", "Have the provider asked how the payment stands")
                .reply::<Sent>(202, "stored")
                .problem(Kind::NotPlacedYet),
        ),
        route("POST /v1/payments/{order_id}/refund", RunsTheShop, payments::refund).doc(
            Doc::new("payments", "Give money back")
                .body::<payments::Refund>()
                .reply::<Sent>(202, "stored; payments decides")
                .problem(Kind::NotPlacedYet),
        ),
        route("POST /v1/payments/webhook/{provider}", Anyone, payments::webhook).doc(
            Doc::new("payments", "A provider tells how a payment went; 16 KiB at most")
                .header("Starling-Signature", true, "`t=<seconds>,v1=<hex HMAC-SHA256 of \"t.body\">`")
                .raw_body()
                .reply::<Sent>(202, "stored"),
        ),
    ]
}
