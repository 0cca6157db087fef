//! What happens with time alone: where parcels went of people who left is erased.

use crate::store;
use chassis::{Db, Outgoing, Sweep, leavers};
use contracts::Timestamp;
use std::time::Duration;

/// Erases addresses of people who left, once no parcel goes there any more.
pub struct EraseLeavers;

impl Sweep for EraseLeavers {
    const NAME: &'static str = "erase leavers";
    const EVERY: Duration = leavers::EVERY;

    async fn due(db: &mut Db, now: Timestamp) -> sqlx::Result<Vec<Outgoing>> {
        let leavers = leavers::claim(db, now).await?;
        if !leavers.is_empty() && store::erase(db, &leavers, leavers::AT_ONCE).await? {
            leavers::look_again(db, now, &leavers).await?;
        }
        Ok(vec![])
    }
}
