//! The tables `shipment` and `destination`.

use super::unreadable;
use crate::domain::{Parcel, Shipment, State};
use chassis::{Db, Rows};
use contracts::{Address, CustomerId, OrderId, Text};
use sqlx::query::Query;
use sqlx::{Postgres, postgres::PgArguments};
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
}

/// Loads and locks the rows of these orders.
pub(super) async fn load(db: &mut Db, orders: &BTreeSet<OrderId>) -> sqlx::Result<Rows<OrderId, Shipment>> {
    let ids: Vec<Uuid> = orders.iter().map(|order| order.0).collect();
    let rows: Vec<Row> = sqlx::query_as(
        "select order_id, state, customer_id, zone, slot, paid, confirmed, attempts, carrier, tracking
         from shipment where order_id = any($1) order by order_id for update",
    )
    .bind(ids)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|row| Ok((OrderId(row.order_id), row.read()?))).collect()
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
pub(super) async fn save(db: &mut Db, shipments: &Rows<OrderId, Shipment>) -> sqlx::Result<()> {
    let fresh: Vec<_> = shipments.fresh().collect();
    if !fresh.is_empty() {
        let insert = sqlx::query(
            "insert into shipment
               (order_id, state, customer_id, zone, slot, paid, confirmed, attempts, carrier, tracking)
             select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::bool[],
               $7::bool[], $8::smallint[], $9::text[], $10::text[])",
        );
        bind(insert, &fresh).execute(&mut *db).await?;
    }
    let changed: Vec<_> = shipments.changed().collect();
    if !changed.is_empty() {
        let update = sqlx::query(
            "update shipment s
             set state = u.state, customer_id = u.customer_id, zone = u.zone, slot = u.slot, paid = u.paid,
               confirmed = u.confirmed, attempts = u.attempts, carrier = u.carrier, tracking = u.tracking
             from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::bool[],
               $7::bool[], $8::smallint[], $9::text[], $10::text[])
               as u(order_id, state, customer_id, zone, slot, paid, confirmed, attempts, carrier, tracking)
             where s.order_id = u.order_id",
        );
        bind(update, &changed).execute(&mut *db).await?;
    }
    Ok(())
}

type Saving<'q> = Query<'q, Postgres, PgArguments>;

/// Binds rows as one array a column.
fn bind<'q>(query: Saving<'q>, rows: &[(&OrderId, &'q Shipment)]) -> Saving<'q> {
    fn column<'q, T>(rows: &[(&OrderId, &'q Shipment)], value: impl Fn(&'q Shipment) -> T) -> Vec<T> {
        rows.iter().map(|(_, shipment)| value(shipment)).collect()
    }
    query
        .bind(rows.iter().map(|(order, _)| order.0).collect::<Vec<Uuid>>())
        .bind(column(rows, |s| s.state.name()))
        .bind(column(rows, |s| s.customer_id.map(|customer| customer.0)))
        .bind(column(rows, |s| s.zone.as_ref().map(Text::as_str)))
        .bind(column(rows, |s| s.slot.as_ref().map(Text::as_str)))
        .bind(column(rows, |s| s.paid))
        .bind(column(rows, |s| s.confirmed))
        .bind(column(rows, |s| s.attempts))
        .bind(column(rows, |s| s.state.parcel().map(|parcel| parcel.carrier.as_str())))
        .bind(column(rows, |s| s.state.parcel().map(|parcel| parcel.tracking.as_str())))
}

/// Writes down where parcels go.
pub(super) async fn save_destinations(
    db: &mut Db,
    destinations: &Rows<OrderId, Address>,
) -> sqlx::Result<()> {
    let mut ids: Vec<Uuid> = Vec::new();
    let mut addresses: Vec<String> = Vec::new();
    for (order, address) in destinations.fresh() {
        ids.push(order.0);
        addresses.push(serde_json::to_string(address).map_err(|error| sqlx::Error::Encode(error.into()))?);
    }
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into destination (order_id, address)
         select u.order_id, u.address::jsonb from unnest($1::uuid[], $2::text[]) as u(order_id, address)",
    )
    .bind(ids)
    .bind(addresses)
    .execute(db)
    .await?;
    Ok(())
}
