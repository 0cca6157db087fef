//! Shipping: holds a place for an order, books it with the carrier once it is paid, and lets it go or go out.
//!
//! It hears what becomes of the order and its payment; tells `shipment.*`; asks the carrier through attempts
//! ([`carrier`]). The rules are in [`domain`], one file an input; the tables in `migrations/`.

pub mod carrier;
pub mod domain;
pub mod requests;
mod store;
mod timers;

pub use timers::EraseLeavers;

use carrier::{CarrierCalls, Leased, Sandbox};
use chassis::{AfterCommit, CallLimits, Db, Decision, Heard, Lease, Participant, Service, Writes};
use contracts::*;
use domain::Dock;
use sqlx::migrate::Migrator;
use std::time::Duration;

message_enum! {
    /// What shipping listens to.
    pub enum Hears {
        OrderCreated(OrderCreated),
        PaymentCaptured(PaymentCaptured),
        ShipmentAnswered(ShipmentAnswered),
        OrderCancelled(OrderCancelled),
        OrderCancelRequested(OrderCancelRequested),
        OrderConfirmed(OrderConfirmed),
        DispatchShipment(DispatchShipment),
        DeliverShipment(DeliverShipment),
        UserDeleted(UserDeleted),
    }
}

message_enum! {
    /// What shipping says. (`ShipmentAnswered` is told by the caller, not by `decide`.)
    pub enum Tells {
        ShipmentHeld(ShipmentHeld),
        ShipmentRejected(ShipmentRejected),
        ShipmentAnswered(ShipmentAnswered),
        ShipmentScheduled(ShipmentScheduled),
        ShipmentCancelled(ShipmentCancelled),
        ShipmentDispatched(ShipmentDispatched),
        ShipmentDelivered(ShipmentDelivered),
        ShipmentCommandRefused(ShipmentCommandRefused),
    }
}

/// The service's own database.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");
/// The sandbox carrier's database, [`carrier::SANDBOX_DATABASE`].
pub static LEDGER: Migrator = sqlx::migrate!("./ledger");

const CARRIER_CALLS: u16 = 1_024;
const CARRIER_TIMEOUT_MS: u64 = 10_000;

/// How shipping calls the carrier.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "shipping")]
pub struct Settings {
    /// Calls to the carrier at the same time
    #[arg(long, env = "CARRIER_CALLS", default_value_t = CARRIER_CALLS, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub carrier_calls: u16,
    /// Time for one call to the carrier, in milliseconds; after it the outcome is unknown and the call is repeated
    #[arg(long, env = "CARRIER_TIMEOUT_MS", default_value_t = CARRIER_TIMEOUT_MS)]
    pub carrier_timeout_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { carrier_calls: CARRIER_CALLS, carrier_timeout_ms: CARRIER_TIMEOUT_MS }
    }
}

impl Settings {
    fn limits(&self) -> CallLimits {
        CallLimits {
            concurrent: usize::from(self.carrier_calls),
            timeout: Duration::from_millis(self.carrier_timeout_ms),
            ..CallLimits::default()
        }
    }
}

/// The service, declared.
#[must_use]
pub fn service(places: &chassis::settings::Parts, settings: &Settings) -> Service {
    Service::new("shipping")
        .keeps(&MIGRATIONS)
        .participant_calling::<Dock, _>((), CarrierCalls::new(Sandbox::open(places), settings.limits()))
        .sweeps::<EraseLeavers>(&[])
        .answers::<GetShipment, _, _>(requests::get_shipment)
        .answers::<ListSlots, _, _>(requests::list_slots)
}

impl Participant for Dock {
    type Hears = Hears;
    type Tells = Tells;
    type Attempt = Leased;
    type Rules = ();

    /// It only allows what a person or the carrier will do, later.
    const PATIENT: &'static [&'static MessageInfo] = &[OrderConfirmed::INFO];

    async fn load((): &(), db: &mut Db, heard: &[Heard<Hears>]) -> sqlx::Result<Self> {
        store::load(db, heard).await
    }

    fn decide(&mut self, heard: &Heard<Hears>) -> Decision<Tells> {
        domain::decide(self, heard)
    }

    fn save(self, lease: Lease, writes: &mut Writes) -> sqlx::Result<AfterCommit<Leased>> {
        store::save(&self, lease, writes)
    }
}
