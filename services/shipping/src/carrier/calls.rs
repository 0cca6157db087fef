//! Calls to the carrier: a leased attempt goes out, its answer comes back as `shipment.answered`.

use super::{Carrier, Leased, queue};
use crate::domain::Purpose;
use chassis::{CallFailed, CallLimits, Db, Outgoing, Outside};
use contracts::{CarrierAnswer, Message, MessageId, ShipmentAnswered, Text};
use std::time::Duration;
use uuid::Uuid;

/// The caller of one carrier.
pub struct CarrierCalls<C> {
    carrier: C,
    limits: CallLimits,
}

impl<C: Carrier> CarrierCalls<C> {
    /// Calls this carrier within these limits.
    pub const fn new(carrier: C, limits: CallLimits) -> Self {
        Self { carrier, limits }
    }

    async fn ask(&self, attempt: &Leased) -> Result<CarrierAnswer, CallFailed> {
        let key = attempt.key();
        match attempt.purpose {
            Purpose::Void { .. } => self.carrier.void(&key).await,
            Purpose::Book if attempt.known_for > self.carrier.key_life() => {
                let answer = self.carrier.look_up(&key).await?;
                // It stays open and is looked up again, ever more seldom, until a person has settled it.
                answer.ok_or_else(|| {
                    tracing::error!(order_id = %attempt.order_id, "the carrier does not know a booking that is \
                        too old to be sent again: settle it with the carrier");
                    CallFailed("too old to be sent again, and not known to the carrier".into())
                })
            }
            Purpose::Book => match &attempt.address {
                Some(address) => self.carrier.book(&key, address).await,
                None => Err(CallFailed("the address was erased".into())),
            },
        }
    }
}

impl<C: Carrier> Outside for CarrierCalls<C> {
    type Attempt = Leased;
    const NAME: &'static str = "carrier";

    fn limits(&self) -> CallLimits {
        self.limits
    }

    fn about(&self, attempt: &Leased) -> Uuid {
        attempt.order_id.0
    }

    async fn lease(&self, db: &mut Db, limit: i64, lease: Duration) -> sqlx::Result<Vec<Leased>> {
        queue::lease(db, limit, lease).await
    }

    async fn call(&self, attempt: &Leased) -> Result<Outgoing, CallFailed> {
        let answer = self.ask(attempt).await?;
        let answered = ShipmentAnswered {
            order_id: attempt.order_id,
            attempt: i32::from(attempt.number),
            purpose: attempt.purpose.into(),
            carrier: Text::new(C::NAME).map_err(failed)?,
            answer,
        };
        // The same attempt always answers under the same id.
        let count = u8::try_from(attempt.number).map_err(failed)?;
        let id = MessageId::about(attempt.order_id.0, ShipmentAnswered::INFO.code, count);
        Outgoing::new(id, attempt.order_id, &answered).map_err(failed)
    }

    async fn postpone(&self, db: &mut Db, attempts: &[(&Leased, Duration)]) -> sqlx::Result<()> {
        queue::postpone(db, attempts).await
    }
}

fn failed(error: impl std::fmt::Display) -> CallFailed {
    CallFailed(error.to_string())
}
