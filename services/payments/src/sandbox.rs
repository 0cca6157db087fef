//! A payment provider to try everything with: the method decides the outcome.
//!
//! | method | what happens |
//! |---|---|
//! | `sandbox.succeeds` | captured |
//! | `sandbox.declined` | declined |
//! | `sandbox.insufficient_funds` | declined for that reason |
//! | `sandbox.pending` | pending for 30 minutes; [`settle()`] says what becomes of it |
//! | `sandbox.pending_short` | pending for 3 seconds |
//! | `sandbox.slow` | captured, after 2 seconds |
//! | `sandbox.answer_lost` | captured, but the first answer never arrives |
//! | `sandbox.down` | out of reach three times, then captured |
//! | `sandbox.refund_fails` | captured; refunds fail |
//! | `sandbox.refund_fails_once` | captured; the first refund fails |
//!
//! It keeps its own books in a database that no service reads ([`LEDGER`]), as a bank would. Their table `temper`
//! has it misbehave towards everybody, whatever the method: down, failing, losing answers, slow.

mod charges;
mod ledger;
mod method;
mod refunds;
mod settle;

pub use ledger::Ledger;
pub use method::Method;
pub use settle::{Settlement, SignedWebhook, UnsettledCharge, settle};

use crate::provider::{Charge, Giveback, Provider, Reply};
use charges::Charges;
use chassis::{CallFailed, Temper, clock};
use contracts::{ProviderAnswer, Text};
use sqlx::{PgPool, migrate::Migrator};
use std::time::Duration;
use tokio::time::sleep;

/// Its name: in webhooks, and the first part of its methods.
pub const NAME: &str = "sandbox";

/// The name of its database and of the database's user.
pub const DATABASE: &str = "sandbox_provider";

/// The tables of its books.
pub static LEDGER: Migrator = sqlx::migrate!("./ledger");

/// It says that it forgets keys after a day, as providers do, though its books keep them.
const KEY_LIFE: Duration = Duration::from_hours(24);

/// How long `sandbox.slow` takes.
const SLOW: Duration = Duration::from_secs(2);

/// How often `sandbox.down` is out of reach.
const DOWN_CALLS: i32 = 3;

/// The sandbox provider.
pub struct Sandbox {
    ledger: Ledger,
    charges: Charges,
    temper: Temper,
}

impl Sandbox {
    /// With its books where the flock's databases are.
    #[must_use]
    pub fn at(places: &chassis::settings::Parts) -> Self {
        Self::new(Ledger::at(places))
    }

    /// With its books in a database that has the tables of [`LEDGER`].
    #[must_use]
    pub fn in_pool(pool: PgPool) -> Self {
        Self::new(Ledger::in_pool(pool))
    }

    fn new(ledger: Ledger) -> Self {
        Self { ledger, charges: Charges::default(), temper: Temper::default() }
    }
}

impl Provider for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn has(&self, method: &str) -> bool {
        Method::of(method).is_some()
    }

    fn key_life(&self) -> Duration {
        KEY_LIFE
    }

    async fn charge(&self, charge: &Charge) -> Result<Reply, CallFailed> {
        self.temper.answer(self.ledger.pool()?, self.take(charge)).await
    }

    async fn void(&self, charge_key: &str) -> Result<Reply, CallFailed> {
        let pool = self.ledger.pool()?;
        let deed = async {
            charges::void(pool, charge_key).await.map_err(failed)?;
            let found = charges::find(pool, charge_key).await.map_err(failed)?;
            Ok(reply(charge_key, found.unwrap_or(ProviderAnswer::NotFound)))
        };
        self.temper.answer(pool, deed).await
    }

    async fn refund(&self, refund: &Giveback) -> Result<Reply, CallFailed> {
        let pool = self.ledger.pool()?;
        let deed = async {
            let answer = refunds::give_back(pool, refund).await.map_err(failed)?;
            Ok(reply(&refund.key, answer))
        };
        self.temper.answer(pool, deed).await
    }

    async fn look_up(&self, key: &str) -> Result<Reply, CallFailed> {
        let pool = self.ledger.pool()?;
        let deed = async {
            let found = match charges::find(pool, key).await.map_err(failed)? {
                Some(answer) => Some(answer),
                None => refunds::find(pool, key).await.map_err(failed)?,
            };
            Ok(reply(key, found.unwrap_or(ProviderAnswer::NotFound)))
        };
        self.temper.answer(pool, deed).await
    }
}

impl Sandbox {
    /// Takes money, as the method has it.
    async fn take(&self, charge: &Charge) -> Result<Reply, CallFailed> {
        let unknown = || CallFailed(format!("the sandbox has no method {}", charge.method));
        let method = Method::of(charge.method.as_str()).ok_or_else(unknown)?;
        if method == Method::Down && charge.calls <= DOWN_CALLS {
            return Err(CallFailed("the sandbox is down".to_owned()));
        }
        let entry = charges::Entry::new(charge, method, clock::now());
        let booked = self.charges.book(self.ledger.pool()?, entry).await?;
        if method == Method::Slow {
            sleep(SLOW).await;
        }
        if method == Method::AnswerLost && booked.fresh {
            return Err(CallFailed("the sandbox's answer was lost".to_owned()));
        }
        Ok(reply(&charge.key, booked.answer))
    }
}

/// An answer under the sandbox's own reference.
fn reply(key: &str, answer: ProviderAnswer) -> Reply {
    let known = answer != ProviderAnswer::NotFound;
    Reply { answer, provider_ref: known.then(|| reference(key)).flatten() }
}

/// The sandbox's own reference of what was asked under a key.
fn reference(key: &str) -> Option<Text<100>> {
    Text::new(format!("sb_{key}")).ok()
}

fn failed(error: sqlx::Error) -> CallFailed {
    CallFailed(format!("the sandbox's books: {error}"))
}
