//! The tables `shipment` and `destination`.

use super::unreadable;
use crate::domain::{Parcel, Shipment, State};
use chassis::{Db, Rows, Statement, Writes};
use contracts::{Address, CustomerId, OrderId, Text};
use std::collections::BTreeSet;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct Row {
    order_id: Uuid,
    state: String,
    customer_id: Option<Uuid>,
    zone: Option<String>,
    slot: Option<String>,
    paid: bool,
    confirmed: bool,
    attempts: i16,
    carrier: Option<String>,
    tracking: Option<String>,
    address: Option<String>,
}

/// Loads and locks the rows of these orders; and where the parcels go of those that may be booked.
pub(super) async fn load(
    db: &mut Db,
    orders: &BTreeSet<OrderId>,
    to_book: &BTreeSet<OrderId>,
) -> sqlx::Result<(Rows<OrderId, Shipment>, Rows<OrderId, Address>)> {
    let rows: Vec<Row> = sqlx::query_as(
        "select order_id, state, customer_id, zone, slot, paid, confirmed, attempts, carrier, tracking,
           case when order_id = any($2)
             then (select d.address::text from destination d where d.order_id = shipment.order_id) end as address
         from shipment where order_id = any($1) order by order_id for update",
    )
    .bind(ids(orders))
    .bind(ids(to_book))
    .fetch_all(db)
    .await?;
    let (mut shipments, mut destinations) = (vec![], vec![]);
    for row in rows {
        let order = OrderId(row.order_id);
        let address = row.address.as_deref().map(serde_json::from_str).transpose().map_err(unreadable)?;
        destinations.extend(address.map(|address| (order, address)));
        shipments.push((order, row.read()?));
    }
    Ok((shipments.into_iter().collect(), destinations.into_iter().collect()))
}

fn ids(orders: &BTreeSet<OrderId>) -> Vec<Uuid> {
    orders.iter().map(|order| order.0).collect()
}

impl Row {
    fn read(self) -> sqlx::Result<Shipment> {
        let carrier = self.carrier.map(Text::new).transpose().map_err(unreadable)?;
        let tracking = self.tracking.map(Text::new).transpose().map_err(unreadable)?;
        let parcel = carrier.zip(tracking).map(|(carrier, tracking)| Parcel { carrier, tracking });
        let state = match (self.state.as_str(), parcel) {
            ("expected", None) => State::Expected,
            ("held", None) => State::Held,
            ("booking", None) => State::Booking,
            ("scheduled", Some(parcel)) => State::Scheduled(parcel),
            ("rejected", None) => State::Rejected,
            ("dispatched", Some(parcel)) => State::Dispatched(parcel),
            ("delivered", Some(parcel)) => State::Delivered(parcel),
            ("cancelled", None) => State::Cancelled,
            ("tombstone", None) => State::Tombstone,
            (state, _) => return Err(unreadable(format!("a shipment in state {state}"))),
        };
        Ok(Shipment {
            state,
            customer_id: self.customer_id.map(CustomerId),
            zone: self.zone.map(Text::new).transpose().map_err(unreadable)?,
            slot: self.slot.map(Text::new).transpose().map_err(unreadable)?,
            paid: self.paid,
            confirmed: self.confirmed,
            attempts: self.attempts,
        })
    }
}

/// Saves the rows that were made or changed.
pub(super) fn save(writes: &mut Writes, shipments: &Rows<OrderId, Shipment>) {
    let fresh: Vec<_> = shipments.fresh().collect();
    if !fresh.is_empty() {
        let insert = writes.add(
            "insert into shipment
               (order_id, state, customer_id, zone, slot, paid, confirmed, attempts, carrier, tracking)
             select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::bool[],
               $7::bool[], $8::smallint[], $9::text[], $10::text[])",
        );
        bind(insert, &fresh);
    }
    let changed: Vec<_> = shipments.changed().collect();
    if !changed.is_empty() {
        let update = writes.add(
            "update shipment s
             set state = u.state, customer_id = u.customer_id, zone = u.zone, slot = u.slot, paid = u.paid,
               confirmed = u.confirmed, attempts = u.attempts, carrier = u.carrier, tracking = u.tracking
             from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::bool[],
               $7::bool[], $8::smallint[], $9::text[], $10::text[])
               as u(order_id, state, customer_id, zone, slot, paid, confirmed, attempts, carrier, tracking)
             where s.order_id = u.order_id",
        );
        bind(update, &changed);
    }
}

/// Binds rows as one array a column.
fn bind(statement: Statement<'_>, rows: &[(&OrderId, &Shipment)]) {
    fn column<'q, T>(rows: &[(&OrderId, &'q Shipment)], value: impl Fn(&'q Shipment) -> T) -> Vec<T> {
        rows.iter().map(|(_, shipment)| value(shipment)).collect()
    }
    statement
        .bind(rows.iter().map(|(order, _)| order.0).collect::<Vec<Uuid>>())
        .bind(column(rows, |s| s.state.name()))
        .bind(column(rows, |s| s.customer_id.map(|customer| customer.0)))
        .bind(column(rows, |s| s.zone.as_ref().map(Text::as_str)))
        .bind(column(rows, |s| s.slot.as_ref().map(Text::as_str)))
        .bind(column(rows, |s| s.paid))
        .bind(column(rows, |s| s.confirmed))
        .bind(column(rows, |s| s.attempts))
        .bind(column(rows, |s| s.state.parcel().map(|parcel| parcel.carrier.as_str())))
        .bind(column(rows, |s| s.state.parcel().map(|parcel| parcel.tracking.as_str())));
}

/// Writes down where parcels go.
pub(super) fn save_destinations(
    writes: &mut Writes,
    destinations: &Rows<OrderId, Address>,
) -> sqlx::Result<()> {
    let mut orders: Vec<Uuid> = Vec::new();
    let mut addresses: Vec<String> = Vec::new();
    for (order, address) in destinations.fresh() {
        orders.push(order.0);
        addresses.push(serde_json::to_string(address).map_err(|error| sqlx::Error::Encode(error.into()))?);
    }
    if !orders.is_empty() {
        writes
            .add(
                "insert into destination (order_id, address)
                 select u.order_id, u.address::jsonb from unnest($1::uuid[], $2::text[]) as u(order_id, address)",
            )
            .bind(orders)
            .bind(addresses);
    }
    Ok(())
}
