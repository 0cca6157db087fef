//! Orders: says what an order's status is, and is the only one with a deadline.
//!
//! It prices what is placed against its own copy of the catalog, waits for stock, money and a shipment, and tells
//! when all three are there (`order.confirmed`) or one of them will never be (`order.cancelled`).
//! It moves no stock, no money and no parcel: it only listens to those who do.

pub mod domain;
mod open;
pub mod requests;
mod store;
mod timers;

pub use domain::{Book, Rules};
pub use open::OpenOrders;
pub use timers::{DueOrders, EraseLeavers};

use chassis::{AfterCommit, Ctx, Db, Decision, Heard, Lease, Participant, Service, Writes, clock};
use contracts::{
    CancelOrder, CountCopied, ExpireOrder, GetOrder, GetTimeline, ListOrders, ListStuck, Message,
    MessageInfo, OrderCancelRefused, OrderCancelRequested, OrderCancelled, OrderCompleted, OrderConfirmed,
    OrderCreated, OrderDuplicate, OrderId, PaymentCaptured, PaymentDeclined, PaymentPending,
    PaymentRefundFailed, PaymentRefunded, PaymentVoided, PlaceOrder, ProductChanged, ShipmentCancelled,
    ShipmentDelivered, ShipmentDispatched, ShipmentHeld, ShipmentRejected, ShipmentScheduled, StockCommitted,
    StockRejected, StockReleased, StockReserved, UserDeleted, message_enum,
};
use sqlx::migrate::Migrator;
use std::convert::Infallible;

message_enum! {
    /// Every message that comes in.
    pub enum Hears {
        PlaceOrder(PlaceOrder),
        CancelOrder(CancelOrder),
        ExpireOrder(ExpireOrder),
        StockReserved(StockReserved),
        StockRejected(StockRejected),
        StockReleased(StockReleased),
        StockCommitted(StockCommitted),
        PaymentCaptured(PaymentCaptured),
        PaymentPending(PaymentPending),
        PaymentDeclined(PaymentDeclined),
        PaymentRefunded(PaymentRefunded),
        PaymentRefundFailed(PaymentRefundFailed),
        PaymentVoided(PaymentVoided),
        ShipmentHeld(ShipmentHeld),
        ShipmentRejected(ShipmentRejected),
        ShipmentScheduled(ShipmentScheduled),
        ShipmentCancelled(ShipmentCancelled),
        ShipmentDispatched(ShipmentDispatched),
        ShipmentDelivered(ShipmentDelivered),
        ProductChanged(ProductChanged),
        UserDeleted(UserDeleted),
    }
}

message_enum! {
    /// Every event that goes out.
    pub enum Tells {
        OrderCreated(OrderCreated),
        OrderConfirmed(OrderConfirmed),
        OrderCancelled(OrderCancelled),
        OrderCancelRequested(OrderCancelRequested),
        OrderCancelRefused(OrderCancelRefused),
        OrderCompleted(OrderCompleted),
        OrderDuplicate(OrderDuplicate),
    }
}

impl Hears {
    /// The order that a message is about, as it names it.
    #[must_use]
    pub const fn order_id(&self) -> Option<OrderId> {
        let id = match self {
            Self::PlaceOrder(command) => command.order_id,
            Self::CancelOrder(command) => command.order_id,
            Self::ExpireOrder(command) => command.order_id,
            Self::StockReserved(event) => event.order_id,
            Self::StockRejected(event) => event.order_id,
            Self::StockReleased(event) => event.order_id,
            Self::StockCommitted(event) => event.order_id,
            Self::PaymentCaptured(event) => event.order_id,
            Self::PaymentPending(event) => event.order_id,
            Self::PaymentDeclined(event) => event.order_id,
            Self::PaymentRefunded(event) => event.order_id,
            Self::PaymentRefundFailed(event) => event.order_id,
            Self::PaymentVoided(event) => event.order_id,
            Self::ShipmentHeld(event) => event.order_id,
            Self::ShipmentRejected(event) => event.order_id,
            Self::ShipmentScheduled(event) => event.order_id,
            Self::ShipmentCancelled(event) => event.order_id,
            Self::ShipmentDispatched(event) => event.order_id,
            Self::ShipmentDelivered(event) => event.order_id,
            Self::ProductChanged(_) | Self::UserDeleted(_) => return None,
        };
        Some(id)
    }
}

/// The tables of this service's database.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The service.
#[must_use]
pub fn service(rules: Rules) -> Service {
    Service::new("orders")
        .keeps(&MIGRATIONS)
        .participant::<Book>(rules)
        .live(&["live.order.*"])
        .sweeps::<DueOrders>(&[ExpireOrder::INFO])
        .sweeps::<EraseLeavers>(&[])
        .sweeps::<OpenOrders>(&[])
        .answers(|ctx: Ctx, ask: GetOrder| async move { requests::get(&ctx.db, &ask).await })
        .answers(|ctx: Ctx, ask: ListOrders| async move { requests::list(&ctx.db, &ask).await })
        .answers(|ctx: Ctx, ask: GetTimeline| async move { requests::timeline(&ctx.db, &ask).await })
        .answers(|ctx: Ctx, ask: ListStuck| async move { requests::stuck(&ctx.db, &ask, clock::now()).await })
        .answers(|ctx: Ctx, ask: CountCopied| async move { requests::copied(&ctx.db, &ask).await })
}

impl Participant for Book {
    type Hears = Hears;
    type Tells = Tells;
    type Attempt = Infallible;
    type Rules = Rules;

    /// What is shown, not what decides: a shipment is scheduled only after all of them.
    const PATIENT: &'static [&'static MessageInfo] =
        &[StockReserved::INFO, ShipmentHeld::INFO, PaymentCaptured::INFO];

    async fn load(rules: &Rules, db: &mut Db, heard: &[Heard<Hears>]) -> sqlx::Result<Self> {
        store::load(rules, db, heard).await
    }

    fn decide(&mut self, heard: &Heard<Hears>) -> Decision<Tells> {
        Self::decide(self, heard)
    }

    fn save(self, _: Lease, writes: &mut Writes) -> sqlx::Result<AfterCommit<Infallible>> {
        store::save(&self, writes)
    }
}
