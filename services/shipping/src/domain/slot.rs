//! Slots: places in the carrier's round, taken when a shipment is held, freed exactly once.

use super::{Dock, Shipment, Zone, ZoneId};
use chassis::Rows;
use contracts::{ShipmentRefusal, SlotId};

/// A slot's key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotKey {
    /// In which zone.
    pub zone: ZoneId,
    /// Which.
    pub slot: SlotId,
}

/// How much room a slot has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Places in all.
    pub capacity: i64,
    /// Places held or used.
    pub taken: i64,
}

/// The slots that a batch may take from or give back to: those named; all of a zone where an order names none.
pub type Slots = Rows<SlotKey, Room>;

/// Where an order was given a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The zone.
    pub zone: ZoneId,
    /// The slot, in zones with slots.
    pub slot: Option<SlotId>,
}

/// Takes a place in a zone: in the slot that is wanted, or in the first with room (by id, so by time) if none is
/// named. A zone without slots has room for all, and knows no slot that could be named.
pub(super) fn take(
    slots: &mut Slots,
    zone: &Zone,
    wanted: Option<&SlotId>,
) -> Result<Place, ShipmentRefusal> {
    let key = match (wanted, zone.has_slots) {
        (None, false) => return Ok(Place { zone: zone.id.clone(), slot: None }),
        (Some(_), false) => return Err(ShipmentRefusal::UnknownSlot),
        (Some(slot), true) => SlotKey { zone: zone.id.clone(), slot: slot.clone() },
        (None, true) => {
            let mut of_zone = slots.iter().filter(|(key, _)| key.zone == zone.id);
            let with_room = of_zone.find(|(_, room)| room.taken < room.capacity);
            with_room.map(|(key, _)| key.clone()).ok_or(ShipmentRefusal::SlotFull)?
        }
    };
    let room = *slots.get(&key).ok_or(ShipmentRefusal::UnknownSlot)?;
    if room.taken >= room.capacity {
        return Err(ShipmentRefusal::SlotFull);
    }
    slots.put(key.clone(), Room { taken: room.taken + 1, ..room });
    Ok(Place { zone: key.zone, slot: Some(key.slot) })
}

impl Dock {
    /// Gives a live shipment's place back. The caller takes it out of the live states in the same step, which is
    /// why it happens once.
    pub(super) fn free_place(&mut self, shipment: &Shipment) {
        if let (Some(zone), Some(slot)) = (&shipment.zone, &shipment.slot)
            && let Some(room) = self.slots.change(&SlotKey { zone: zone.clone(), slot: slot.clone() })
        {
            room.taken -= 1;
        }
    }
}
