//! Delivery: slots and shipments.

use super::{Access::SignedIn, Route, route};
use crate::{delivery, document::Doc};
use contracts::ShipmentView;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route("GET /v1/delivery/slots", SignedIn, delivery::slots).doc(
            Doc::new("delivery", "List the slots for an address")
                .query::<delivery::Destination>()
                .reply::<delivery::Slots>(200, "the slots that have room")
                .problem(crate::problem::Kind::NotFound),
        ),
        route("GET /v1/shipments/{order_id}", SignedIn, delivery::shipment)
            .doc(Doc::new("delivery", "Show an order's shipment").reply::<ShipmentView>(200, "the shipment")),
    ]
}
