//! Payments: the only one who moves money. It charges an order once its stock is reserved and its shipment held,
//! and gives back what came in for an order that is cancelled.
//!
//! What it asks of the provider are attempts ([`calls`]); the answers come back as `payment.answered`, its own event,
//! like any other. A second service of this crate ([`log_service`]) writes all payment events to MongoDB.

pub mod calls;
pub mod domain;
pub mod log;
pub mod provider;
pub mod requests;
pub mod sandbox;
mod settings;
mod store;
pub mod timers;

pub use settings::{Rules, Settings};

use chassis::{AfterCommit, Db, Decision, Heard, Lease, Participant, Secret, Service, Writes};
use contracts::{
    GetPayment, Message, MessageInfo, OrderCancelled, OrderCreated, PayOrder, PaymentAnswered,
    PaymentCaptured, PaymentCommandRefused, PaymentDeclined, PaymentPending, PaymentRefundFailed,
    PaymentRefunded, PaymentVoided, PaymentWebhook, RefundPayment, ShipmentHeld, StockReserved, UserDeleted,
    VerifyPayment, message_enum,
};
use domain::Till;
use sqlx::migrate::Migrator;

message_enum! {
    /// What payments listens to.
    pub enum Hears {
        OrderCreated(OrderCreated),
        StockReserved(StockReserved),
        ShipmentHeld(ShipmentHeld),
        OrderCancelled(OrderCancelled),
        PaymentAnswered(PaymentAnswered),
        PaymentWebhook(PaymentWebhook),
        PayOrder(PayOrder),
        VerifyPayment(VerifyPayment),
        RefundPayment(RefundPayment),
        UserDeleted(UserDeleted),
    }
}

message_enum! {
    /// What payments says. `payment.answered` comes from the caller, all else from a decision.
    pub enum Tells {
        PaymentAnswered(PaymentAnswered),
        PaymentCaptured(PaymentCaptured),
        PaymentPending(PaymentPending),
        PaymentDeclined(PaymentDeclined),
        PaymentVoided(PaymentVoided),
        PaymentRefunded(PaymentRefunded),
        PaymentRefundFailed(PaymentRefundFailed),
        PaymentCommandRefused(PaymentCommandRefused),
    }
}

/// The service's tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The service.
#[must_use]
pub fn service(places: &chassis::settings::Parts, settings: &Settings) -> Service {
    let provider = sandbox::Sandbox::at(places);
    Service::new("payments")
        .keeps(&MIGRATIONS)
        .participant_calling::<Till, _>(
            settings.rules(places),
            calls::Calls::new(provider, settings.limits()),
        )
        .sweeps::<timers::ForgetWebhooks>(&[])
        .sweeps::<timers::EraseLeavers>(&[])
        .answers::<GetPayment, _, _>(requests::get_payment)
}

/// The service that keeps all payment events in MongoDB. It may be down as long as it likes: no payment waits.
#[must_use]
pub fn log_service(mongodb_url: &Secret) -> Service {
    Service::new("payments-log").listener(log::PaymentLog::new(mongodb_url.clone()))
}

impl Participant for Till {
    type Hears = Hears;
    type Tells = Tells;
    type Attempt = calls::Leased;
    type Rules = Rules;

    /// Before stock and shipment are known nothing is charged, and they take longer.
    const PATIENT: &'static [&'static MessageInfo] = &[OrderCreated::INFO];

    async fn load(rules: &Rules, db: &mut Db, heard: &[Heard<Hears>]) -> sqlx::Result<Self> {
        store::load(rules, db, heard).await
    }

    fn decide(&mut self, heard: &Heard<Hears>) -> Decision<Tells> {
        Self::decide(self, heard)
    }

    fn save(self, lease: Lease, writes: &mut Writes) -> sqlx::Result<AfterCommit<calls::Leased>> {
        Ok(store::save(&self, lease, writes))
    }
}
