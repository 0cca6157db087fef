//! The laws of what is told: each fact once, and none that contradicts another.

use crate::{
    broken::{Broken, must},
    letter::{Letter, order_id},
};
use contracts::{
    Message, MessageId, OrderCancelled, OrderCompleted, OrderConfirmed, OrderCreated, OrderDuplicate,
    PaymentCaptured, ShipmentCancelled, ShipmentDelivered, ShipmentDispatched, ShipmentHeld,
    ShipmentRejected, ShipmentScheduled, StockCommitted, StockRejected, StockReleased, StockReserved,
};
use std::collections::BTreeSet;

/// Everything that was told.
#[derive(Debug)]
pub struct Told {
    ids: BTreeSet<MessageId>,
    /// By order, a bit for each type's code.
    of: Vec<u128>,
}

impl Default for Told {
    fn default() -> Self {
        Self { ids: BTreeSet::new(), of: vec![0; 256] }
    }
}

impl Told {
    /// A fact is committed.
    ///
    /// # Errors
    /// When it was told before, or cannot be true beside the others.
    pub fn tell(&mut self, letter: &Letter) -> Result<(), Broken> {
        let Some(info) = letter.info else { return Ok(()) };
        let id = order_id(letter.order);
        let found = || format!("{} {}", info.subject, letter.id);
        must(self.ids.insert(letter.id), id, "a fact is told once", found)?;
        let told = &mut self.of[usize::from(letter.order)];
        let before = *told;
        *told |= 1_u128.checked_shl(u32::from(info.code)).unwrap_or(0);
        consistent(before, info.code, is_surplus(letter)).map_or(Ok(()), |law| must(false, id, law, found))
    }
}

fn has<M: Message>(told: u128) -> bool {
    told & (1 << M::INFO.code) != 0
}

fn is_surplus(letter: &Letter) -> bool {
    letter.orders.as_ref().is_some_and(|heard| {
        matches!(&heard.message, orders::Hears::PaymentCaptured(PaymentCaptured { surplus: true, .. }))
    })
}

/// The law that a new fact breaks, given what was told before.
fn consistent(before: u128, code: u8, surplus: bool) -> Option<&'static str> {
    let is = |info: &contracts::MessageInfo| info.code == code;
    let broken = |holds: bool, law: &'static str| (!holds).then_some(law);
    if is(OrderConfirmed::INFO) {
        let open = !has::<OrderCancelled>(before) && !has::<OrderConfirmed>(before);
        let three = has::<StockReserved>(before)
            && has::<PaymentCaptured>(before)
            && has::<ShipmentScheduled>(before);
        broken(open && three, "an order is confirmed once, when its three parts are there")
    } else if is(OrderCancelled::INFO) {
        let stopped = !has::<OrderConfirmed>(before) || has::<ShipmentCancelled>(before);
        let here = stopped && !has::<ShipmentDispatched>(before) && !has::<OrderCancelled>(before);
        broken(here, "an order is cancelled once, and not when it is confirmed or has left")
    } else if is(OrderCreated::INFO) {
        broken(
            !has::<OrderCancelled>(before) && !has::<OrderDuplicate>(before),
            "what is cancelled at once or an alias is never created",
        )
    } else if is(StockReserved::INFO) || is(StockRejected::INFO) {
        let first = !has::<StockReserved>(before) && !has::<StockRejected>(before);
        broken(first && has::<OrderCreated>(before), "stock is reserved or rejected, once")
    } else if is(StockReleased::INFO) || is(StockCommitted::INFO) {
        let first = !has::<StockReleased>(before) && !has::<StockCommitted>(before);
        broken(first && has::<StockReserved>(before), "what was reserved is released or committed, once")
    } else if is(PaymentCaptured::INFO) {
        let due = has::<StockReserved>(before) && has::<ShipmentHeld>(before);
        broken(due, "money moves only when stock is reserved and a place is held")
            .or(broken(surplus || !has::<PaymentCaptured>(before), "never captured twice"))
    } else if is(ShipmentScheduled::INFO) {
        broken(has::<PaymentCaptured>(before), "the carrier is booked for what is paid")
    } else if is(ShipmentRejected::INFO) {
        broken(!has::<ShipmentScheduled>(before), "what is scheduled is not rejected")
    } else if is(ShipmentDispatched::INFO) {
        let goes = has::<OrderConfirmed>(before) && !has::<ShipmentCancelled>(before);
        broken(goes && !has::<OrderCancelled>(before), "only what is confirmed and not called off leaves")
    } else if is(ShipmentCancelled::INFO) {
        broken(!has::<ShipmentDispatched>(before), "what has left is not called off")
    } else if is(OrderCompleted::INFO) {
        broken(has::<ShipmentDelivered>(before), "an order is completed when it was delivered")
    } else {
        None
    }
}
