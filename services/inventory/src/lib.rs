//! Inventory: knows what the shop has, and sets it aside for orders.

pub mod domain;
mod requests;
mod store;

pub use domain::Shelf;
pub use requests::level;

use chassis::{AfterCommit, Db, Decision, Heard, Lease, Participant, Service, Writes};
use contracts::{
    AdjustStock, GetStockLevel, OrderCancelled, OrderCreated, ReceiveStock, ShipmentDispatched,
    StockAvailabilityChanged, StockCommandRefused, StockCommitted, StockLevelChanged, StockRejected,
    StockReleased, StockReserved, message_enum,
};
use sqlx::migrate::Migrator;
use std::convert::Infallible;

message_enum! {
    /// What inventory listens to.
    pub enum Hears {
        OrderCreated(OrderCreated),
        OrderCancelled(OrderCancelled),
        ShipmentDispatched(ShipmentDispatched),
        ReceiveStock(ReceiveStock),
        AdjustStock(AdjustStock),
    }
}

message_enum! {
    /// What inventory tells.
    pub enum Tells {
        Reserved(StockReserved),
        Rejected(StockRejected),
        Released(StockReleased),
        Committed(StockCommitted),
        LevelChanged(StockLevelChanged),
        CommandRefused(StockCommandRefused),
        AvailabilityChanged(StockAvailabilityChanged),
    }
}

/// Inventory's tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The service.
#[must_use]
pub fn service() -> Service {
    Service::new("inventory")
        .keeps(&MIGRATIONS)
        .participant::<Shelf>(())
        .answers::<GetStockLevel, _, _>(requests::get_stock_level)
}

impl Participant for Shelf {
    type Hears = Hears;
    type Tells = Tells;
    type Attempt = Infallible;
    type Rules = ();

    async fn load((): &(), db: &mut Db, heard: &[Heard<Hears>]) -> sqlx::Result<Self> {
        store::load(db, heard).await
    }

    fn decide(&mut self, heard: &Heard<Hears>) -> Decision<Tells> {
        match &heard.message {
            Hears::OrderCreated(order) => self.order_created(order, heard.at),
            Hears::OrderCancelled(order) => self.order_cancelled(order.order_id),
            Hears::ShipmentDispatched(shipment) => self.shipment_dispatched(shipment.order_id, heard.at),
            Hears::ReceiveStock(receipt) => self.receive(receipt, heard.id, heard.at),
            Hears::AdjustStock(adjustment) => self.adjust(adjustment, heard.id, heard.at),
        }
    }

    fn save(self, _: Lease, writes: &mut Writes) -> sqlx::Result<AfterCommit<Infallible>> {
        store::save(&self, writes);
        Ok(AfterCommit::default())
    }
}
