//! The tables `zone` and `slot`.

use super::unreadable;
use crate::domain::{Room, SlotKey, Slots, Zone, Zones};
use chassis::{Db, Writes};
use contracts::{Country, OrderCreated, Text};
use std::{borrow::Cow, collections::BTreeSet};

#[derive(sqlx::FromRow)]
struct ZoneRow {
    id: String,
    country: String,
    postal_prefix: String,
    served: bool,
    has_slots: bool,
}

/// All zones of these countries: a country has a few.
pub(crate) async fn zones_of(db: &mut Db, countries: impl Iterator<Item = Country>) -> sqlx::Result<Zones> {
    let countries: BTreeSet<Country> = countries.collect();
    let codes: Vec<&str> = countries.iter().map(Country::as_str).collect();
    let rows: Vec<ZoneRow> = sqlx::query_as(
        "select id, country, postal_prefix, served, has_slots from zone where country = any($1)",
    )
    .bind(codes)
    .fetch_all(db)
    .await?;
    let zones = rows.into_iter().map(|row| {
        Ok(Zone {
            id: Text::new(row.id).map_err(unreadable)?,
            country: Country::try_from(Cow::from(row.country)).map_err(unreadable)?,
            postal_prefix: row.postal_prefix,
            served: row.served,
            has_slots: row.has_slots,
        })
    });
    Ok(Zones(zones.collect::<sqlx::Result<_>>()?))
}

/// Loads and locks the slots in which orders may be placed, and those in which places may be freed.
pub(super) async fn load_slots(
    db: &mut Db,
    zones: &Zones,
    placing: &[&OrderCreated],
    freed: BTreeSet<SlotKey>,
) -> sqlx::Result<Slots> {
    let mut keys = freed;
    let mut open: BTreeSet<&str> = BTreeSet::new();
    for created in placing {
        let Some(zone) = zones.of(&created.address).filter(|zone| zone.has_slots) else { continue };
        match &created.slot {
            Some(slot) => drop(keys.insert(SlotKey { zone: zone.id.clone(), slot: slot.clone() })),
            None => drop(open.insert(zone.id.as_str())),
        }
    }
    if !open.is_empty() {
        keys.extend(all_of(db, open.into_iter().collect()).await?);
    }
    if keys.is_empty() {
        return Ok(Slots::default());
    }
    lock(db, keys).await
}

/// The keys of all slots of some zones. An order that names no slot may get any of them, and which have room can
/// be said only once they are locked.
async fn all_of(db: &mut Db, zones: Vec<&str>) -> sqlx::Result<Vec<SlotKey>> {
    let keys: Vec<(String, String)> =
        sqlx::query_as("select zone, slot from slot where zone = any($1)").bind(zones).fetch_all(db).await?;
    keys.into_iter().map(|(zone, slot)| key(zone, slot)).collect()
}

async fn lock(db: &mut Db, keys: BTreeSet<SlotKey>) -> sqlx::Result<Slots> {
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "select s.zone, s.slot, s.capacity, s.taken
         from unnest($1::text[], $2::text[]) as u(zone, slot)
         join slot s on s.zone = u.zone and s.slot = u.slot
         order by s.zone, s.slot for update of s",
    )
    .bind(keys.iter().map(|key| key.zone.as_str()).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.slot.as_str()).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|(zone, slot, capacity, taken)| Ok((key(zone, slot)?, Room { capacity, taken })))
        .collect()
}

fn key(zone: String, slot: String) -> sqlx::Result<SlotKey> {
    Ok(SlotKey { zone: Text::new(zone).map_err(unreadable)?, slot: Text::new(slot).map_err(unreadable)? })
}

/// One row a slot, however many orders took a place in it.
pub(super) fn save_slots(writes: &mut Writes, slots: &Slots) {
    let changed: Vec<_> = slots.changed().collect();
    if changed.is_empty() {
        return;
    }
    writes
        .add(
            "update slot s set taken = u.taken
             from unnest($1::text[], $2::text[], $3::bigint[]) as u(zone, slot, taken)
             where s.zone = u.zone and s.slot = u.slot",
        )
        .bind(changed.iter().map(|(key, _)| key.zone.as_str()).collect::<Vec<_>>())
        .bind(changed.iter().map(|(key, _)| key.slot.as_str()).collect::<Vec<_>>())
        .bind(changed.iter().map(|(_, room)| room.taken).collect::<Vec<_>>());
}
