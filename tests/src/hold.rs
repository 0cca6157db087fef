//! Holding a service up: it answers what it is asked, and gets nothing done, until it is let go.

use crate::Flock;
use sqlx::{AssertSqlSafe, PgPool, Postgres, Transaction};

/// A table that nobody can write to while this lives.
pub struct Hold {
    _locked: Transaction<'static, Postgres>,
    _pool: PgPool,
}

impl Flock {
    /// Locks a table of a service against everyone who writes; readers go on. The service waits, as if it were slow,
    /// until the hold is dropped.
    pub async fn hold(&self, service: &str, table: &str) -> Hold {
        let pool = self.database(service).await;
        let mut locked = pool.begin().await.expect("a transaction");
        let lock = format!("lock table {table} in exclusive mode");
        sqlx::query(AssertSqlSafe(lock)).execute(&mut *locked).await.expect("the lock");
        Hold { _locked: locked, _pool: pool }
    }
}
