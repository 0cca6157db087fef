//! What happens with time alone: webhook events are forgotten, and the means of payment of people who left.

use crate::store;
use chassis::{Db, Outgoing, Sweep, leavers};
use contracts::Timestamp;
use std::time::Duration;

/// How long webhook events are kept: the provider sends none again later than that, and what is unmatched by then
/// will never be.
const KEPT_DAYS: i32 = 30;

/// Events that one sweep forgets at most.
const AT_ONCE: i64 = 5_000;

/// Forgets webhook events after thirty days.
pub struct ForgetWebhooks;

impl Sweep for ForgetWebhooks {
    const NAME: &'static str = "forget_webhooks";
    const EVERY: Duration = Duration::from_secs(3_600);

    async fn due(db: &mut Db, now: Timestamp) -> sqlx::Result<Vec<Outgoing>> {
        const OLD: &str = "delete from webhook_event where (order_id, provider, event_id) in (
            select order_id, provider, event_id from webhook_event
            where at < $1::timestamptz - make_interval(days => $2)
            limit $3 for update skip locked)";
        sqlx::query(OLD).bind(now.inner()).bind(KEPT_DAYS).bind(AT_ONCE).execute(db).await?;
        Ok(vec![])
    }
}

/// Erases by which means people paid who have left, once nothing more can be charged.
pub type EraseLeavers = leavers::EraseLeavers<store::Erased>;
