//! How the provider and the carrier treat the flock from now on: their sandboxes have a temper.

use crate::Flock;

/// One outside the flock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outsider {
    /// The payment provider.
    Provider,
    /// The carrier.
    Carrier,
}

/// What whoever calls has to put up with; by default nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Temper {
    /// Nobody is reached.
    pub down: bool,
    /// So many of a hundred calls fail before anything is done.
    pub fails_percent: i32,
    /// So many of a hundred calls are carried out, and the answer is lost.
    pub loses_percent: i32,
    /// An answer comes late, by any time up to this, in milliseconds.
    pub late_ms: i32,
}

impl Outsider {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Provider, Self::Carrier];

    /// What logs and metrics call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provider => "payment_provider",
            Self::Carrier => "carrier",
        }
    }

    const fn ledger(self) -> &'static str {
        match self {
            Self::Provider => "sandbox_provider",
            Self::Carrier => "sandbox_carrier",
        }
    }
}

impl Flock {
    /// Has an outsider behave so; the sandbox notices within a quarter of a second.
    pub async fn temper(&self, whose: Outsider, temper: Temper) {
        const SQL: &str = "update temper set down = $1, fails_percent = $2, loses_percent = $3, late_ms = $4";
        let Temper { down, fails_percent, loses_percent, late_ms } = temper;
        let change = sqlx::query(SQL).bind(down).bind(fails_percent).bind(loses_percent).bind(late_ms);
        let changed = change.execute(&self.database(whose.ledger()).await).await.expect("the ledger answers");
        assert_eq!(changed.rows_affected(), 1, "a sandbox has one temper");
    }
}
