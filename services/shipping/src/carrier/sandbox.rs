//! The sandbox carrier: keeps real books in a database of its own, and misbehaves where an address asks for it.
//!
//! The first line of the address decides: `sandbox:refuse` is refused, `sandbox:slow` takes two seconds,
//! `sandbox:lost` is booked but the first answer is lost, `sandbox:down` fails three times before it is heard.
//! All others are booked at once. The ledger's table `temper` has it misbehave towards everybody, whatever the
//! address: down, failing, losing answers, slow.

mod ledger;

use super::Carrier;
use chassis::{CallFailed, Temper, settings};
use contracts::{Address, CarrierAnswer};
use ledger::{Entry, Ledger};
use sqlx::PgPool;
use std::time::Duration;

/// The database with the sandbox's ledger, and its user.
pub const SANDBOX_DATABASE: &str = "sandbox_carrier";

/// How long `sandbox:slow` takes.
const SLOW: Duration = Duration::from_secs(2);
/// How often `sandbox:down` fails.
const DOWN_CALLS: i32 = 3;

/// A carrier that takes everything and fetches nothing.
pub struct Sandbox {
    ledger: Ledger,
    key_life: Duration,
    temper: Temper,
}

impl Sandbox {
    /// With its ledger in [`SANDBOX_DATABASE`], opened by the first call.
    #[must_use]
    pub fn open(places: &settings::Parts) -> Self {
        Self::new(Ledger::at(places.clone()), Duration::MAX)
    }

    /// With its ledger in this database, and forgetting keys after a while; for tests.
    #[must_use]
    pub fn with(ledger: PgPool, key_life: Duration) -> Self {
        Self::new(Ledger::of(ledger), key_life)
    }

    fn new(ledger: Ledger, key_life: Duration) -> Self {
        Self { ledger, key_life, temper: Temper::default() }
    }

    /// Has a parcel fetched, as the address has it.
    async fn fetch(&self, key: &str, address: &Address) -> Result<CarrierAnswer, CallFailed> {
        let mood = Mood::of(address);
        match mood {
            Mood::Slow => tokio::time::sleep(SLOW).await,
            Mood::Down if self.ledger.count_outage(key).await? <= DOWN_CALLS => {
                return Err(CallFailed("the sandbox feigns to be down".into()));
            }
            Mood::Books | Mood::Refuses | Mood::LosesAnswer | Mood::Down => {}
        }
        let entry = Entry { key: key.to_owned(), refused: mood == Mood::Refuses };
        let booked = self.ledger.book(entry).await?;
        if booked.fresh && mood == Mood::LosesAnswer {
            return Err(CallFailed("the sandbox lost its answer".into()));
        }
        Ok(booked.answer)
    }
}

/// What an address asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Books,
    Refuses,
    Slow,
    LosesAnswer,
    Down,
}

impl Mood {
    fn of(address: &Address) -> Self {
        let moods = [
            ("sandbox:refuse", Self::Refuses),
            ("sandbox:slow", Self::Slow),
            ("sandbox:lost", Self::LosesAnswer),
            ("sandbox:down", Self::Down),
        ];
        let asked = moods.iter().find(|(prefix, _)| address.line1.as_str().starts_with(prefix));
        asked.map_or(Self::Books, |(_, mood)| *mood)
    }
}

impl Carrier for Sandbox {
    const NAME: &'static str = "sandbox";

    fn key_life(&self) -> Duration {
        self.key_life
    }

    async fn book(&self, key: &str, address: &Address) -> Result<CarrierAnswer, CallFailed> {
        self.temper.answer(self.ledger.db()?, self.fetch(key, address)).await
    }

    async fn look_up(&self, key: &str) -> Result<Option<CarrierAnswer>, CallFailed> {
        self.temper.answer(self.ledger.db()?, self.ledger.look_up(key)).await
    }

    async fn void(&self, key: &str) -> Result<CarrierAnswer, CallFailed> {
        let deed = async { self.ledger.void(key).await.map(|()| CarrierAnswer::Voided) };
        self.temper.answer(self.ledger.db()?, deed).await
    }
}
