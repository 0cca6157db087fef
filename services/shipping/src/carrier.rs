//! The way to the outside: what a carrier must be able to do, the sandbox that does it, and the calls to it.

mod calls;
mod queue;
mod sandbox;

pub use calls::CarrierCalls;
pub use queue::Leased;
pub use sandbox::{SANDBOX_DATABASE, Sandbox};

use chassis::CallFailed;
use contracts::{Address, CarrierAnswer};
use std::{future::Future, time::Duration};

/// A company that takes parcels.
///
/// Every call carries the idempotency key of a booking, `<order>-<attempt>`: the same key is the same parcel,
/// however often it is sent. An error means that the outcome is unknown.
pub trait Carrier: Send + Sync + 'static {
    /// Its name, as `shipment.scheduled` tells it.
    const NAME: &'static str;

    /// For how long it remembers a key. A booking whose outcome is unknown for longer is looked up, never sent
    /// again.
    fn key_life(&self) -> Duration;

    /// Has a parcel fetched: booked or refused.
    fn book(
        &self,
        key: &str,
        address: &Address,
    ) -> impl Future<Output = Result<CarrierAnswer, CallFailed>> + Send;

    /// What it answered to a booking; nothing if it does not know it.
    fn look_up(&self, key: &str) -> impl Future<Output = Result<Option<CarrierAnswer>, CallFailed>> + Send;

    /// Forgets a booking. One that is forgotten or was never known is so again.
    fn void(&self, key: &str) -> impl Future<Output = Result<CarrierAnswer, CallFailed>> + Send;
}
