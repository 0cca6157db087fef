//! Law 4: a confirmed order has exactly one live shipment, a cancelled one none, and the carrier says the same.

use super::{
    Check, Law,
    books::{Books, Order, Orders, rows},
};
use sqlx::FromRow;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// An order, as shipping has it.
#[derive(Debug, FromRow)]
struct Shipment {
    order_id: Uuid,
    state: String,
    confirmed: bool,
    tracking: Option<String>,
}

impl Shipment {
    /// The carrier has it, or had it.
    fn is_booked(&self) -> bool {
        matches!(self.state.as_str(), "scheduled" | "dispatched" | "delivered")
    }

    fn is_live(&self) -> bool {
        self.is_booked() || matches!(self.state.as_str(), "held" | "booking")
    }
}

/// The checks.
pub async fn checks(books: &Books, orders: &Orders) -> anyhow::Result<Vec<Check>> {
    let sql = "select order_id, state, confirmed, tracking from shipment";
    let shipments: Vec<Shipment> = rows(&books.shipping, sql).await?;
    Ok(vec![with_orders(&shipments, orders), with_carrier(books, &shipments).await?, slots(books).await?])
}

fn with_orders(shipments: &[Shipment], orders: &Orders) -> Check {
    let mut check = Check::new(Law::Shipments, "orders that stand have a live shipment, cancelled ones none");
    let mut seen = BTreeSet::new();
    for shipment in shipments {
        seen.insert(shipment.order_id);
        let state = shipment.state.as_str();
        let order = orders.get(&shipment.order_id).map_or("unknown to orders", |order| order.state.as_str());
        let right = match order {
            "confirmed" => state == "scheduled",
            "dispatched" => state == "dispatched",
            "completed" => state == "delivered",
            "placed" | "stock_reserved" | "paid" => true,
            _ => !shipment.is_live(),
        };
        if !right {
            check.offends(shipment.order_id, format!("the order is {order}, its shipment {state}"));
        }
        if matches!(state, "dispatched" | "delivered") && !shipment.confirmed {
            check.offends(shipment.order_id, "dispatched before it was confirmed");
        }
    }
    for (id, Order { state, .. }) in orders.iter().filter(|(_, order)| order.stands()) {
        if !seen.contains(id) {
            check.offends(id, format!("the order is {state}, and shipping knows nothing of it"));
        }
    }
    check.looked_at = shipments.len();
    check
}

async fn with_carrier(books: &Books, shipments: &[Shipment]) -> anyhow::Result<Check> {
    let mut check =
        Check::new(Law::Shipments, "the carrier's ledger has one live booking for each, and no others");
    let sql = "select left(key, 36)::uuid, array_agg(tracking) from booking
               where state = 'booked' group by left(key, 36)";
    let booked: Vec<(Uuid, Vec<Option<String>>)> = rows(&books.carrier, sql).await?;
    let mut booked: BTreeMap<Uuid, Vec<Option<String>>> = booked.into_iter().collect();
    for shipment in shipments {
        let bookings = booked.remove(&shipment.order_id).unwrap_or_default();
        let right = match bookings.as_slice() {
            [] => !shipment.is_booked(),
            // While it is being booked the answer may still be on its way.
            [tracking] => {
                shipment.is_booked() && *tracking == shipment.tracking || shipment.state == "booking"
            }
            _ => false,
        };
        if !right {
            let (state, live) = (&shipment.state, bookings.len());
            check.offends(shipment.order_id, format!("{state}, and the carrier has {live} live bookings"));
        }
    }
    for (id, _) in booked {
        check.offends(id, "the carrier has a booking, and shipping knows nothing of it");
    }
    check.looked_at = shipments.len();
    Ok(check)
}

/// A place is taken by a live shipment, and freed once.
async fn slots(books: &Books) -> anyhow::Result<Check> {
    let mut check = Check::new(Law::Shipments, "a slot's taken places are its live shipments");
    check.offenders = rows(
        &books.shipping,
        "select zone || ' ' || slot, 'taken ' || taken || ' of ' || capacity || ', live shipments ' || coalesce(live, 0)
         from slot left join (select zone, slot, count(*) as live from shipment
           where state in ('held', 'booking', 'scheduled', 'dispatched', 'delivered') and slot is not null
           group by zone, slot) s using (zone, slot)
         where taken <> coalesce(live, 0) or taken > capacity",
    )
    .await?;
    let (slots,): (i64,) = sqlx::query_as("select count(*) from slot").fetch_one(&books.shipping).await?;
    check.looked_at = usize::try_from(slots)?;
    Ok(check)
}
