//! How a sandbox treats its callers: a row in its own ledger, which anyone with the ledger's password may change at
//! run time, to see what the flock does when a provider or a carrier is slow, fails, loses answers, or is away.
//!
//! Only sandboxes have one. A real provider has a temper of its own.

use crate::CallFailed;
use sqlx::{PgPool, Row};
use std::{future::Future, time::Duration};
use tokio::{sync::Mutex, time::Instant};

/// A change is noticed within this: the row is not read for every call.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The temper of one sandbox, as its ledger's table `temper` says.
#[derive(Default)]
pub struct Temper(Mutex<Option<(Instant, Mood)>>);

/// The row.
#[derive(Debug, Clone, Copy)]
struct Mood {
    /// Nobody is reached, nothing is done.
    down: bool,
    /// So many of a hundred calls fail before anything is done.
    fails: i32,
    /// So many of a hundred calls are carried out, and the answer is lost.
    loses: i32,
    /// An answer comes late, by any time up to this, in milliseconds.
    late_ms: i32,
}

impl Temper {
    /// Carries a call out as the mood of the moment has it.
    ///
    /// # Errors
    /// When the call itself fails, or the mood has it fail, before the deed or after it.
    pub async fn answer<T>(
        &self,
        ledger: &PgPool,
        deed: impl Future<Output = Result<T, CallFailed>>,
    ) -> Result<T, CallFailed> {
        let mood = self.look(ledger).await?;
        if mood.down {
            return Err(CallFailed("the sandbox is out of reach".to_owned()));
        }
        if happens(mood.fails) {
            return Err(CallFailed("the sandbox failed".to_owned()));
        }
        let answer = deed.await?;
        if mood.late_ms > 0 {
            let late_ms = rand::random_range(0..=mood.late_ms.unsigned_abs());
            tokio::time::sleep(Duration::from_millis(late_ms.into())).await;
        }
        if happens(mood.loses) {
            return Err(CallFailed("the sandbox did it and lost its answer".to_owned()));
        }
        Ok(answer)
    }

    async fn look(&self, ledger: &PgPool) -> Result<Mood, CallFailed> {
        const SQL: &str = "select down, fails_percent, loses_percent, late_ms from temper";
        let mut seen = self.0.lock().await;
        let now = Instant::now();
        if let Some((_, mood)) = seen.filter(|(at, _)| now - *at < LOOK_EVERY) {
            return Ok(mood);
        }
        let unknown = |error: sqlx::Error| CallFailed(format!("the sandbox's temper: {error}"));
        let row = sqlx::query(SQL).fetch_one(ledger).await.map_err(unknown)?;
        let read = || {
            let (down, fails) = (row.try_get("down")?, row.try_get("fails_percent")?);
            let (loses, late_ms) = (row.try_get("loses_percent")?, row.try_get("late_ms")?);
            Ok(Mood { down, fails, loses, late_ms })
        };
        let mood = read().map_err(unknown)?;
        *seen = Some((now, mood));
        Ok(mood)
    }
}

fn happens(percent: i32) -> bool {
    percent > 0 && rand::random_range(0..100) < percent
}
