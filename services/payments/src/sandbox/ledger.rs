//! Where the sandbox's books are.

use chassis::{CallFailed, connect, settings};
use sqlx::PgPool;
use std::sync::OnceLock;

/// Connections to the books. Charges are written many at a time, so few do.
const CONNECTIONS: u32 = 4;

/// The database of the books, opened when it is first needed.
pub struct Ledger {
    pool: OnceLock<PgPool>,
    places: Option<settings::Parts>,
}

impl Ledger {
    /// Where the flock's databases are.
    #[must_use]
    pub fn at(places: &settings::Parts) -> Self {
        Self { pool: OnceLock::new(), places: Some(places.clone()) }
    }

    /// Opened already.
    #[must_use]
    pub fn in_pool(pool: PgPool) -> Self {
        Self { pool: OnceLock::from(pool), places: None }
    }

    pub(super) fn pool(&self) -> Result<&PgPool, CallFailed> {
        if let (None, Some(places)) = (self.pool.get(), &self.places) {
            let pool = connect::database(places, super::DATABASE, CONNECTIONS)
                .map_err(|error| CallFailed(format!("the sandbox's books: {error:#}")))?;
            return Ok(self.pool.get_or_init(|| pool));
        }
        self.pool.get().ok_or_else(|| CallFailed("the sandbox has no books".to_owned()))
    }
}
