//! Telling what changed.

use crate::domain::account::event_id;
use chassis::Outgoing;
use contracts::{UserChanged, UserDeleted};
use std::time::Duration;

/// How long a request has for telling a change itself, before a sweep does.
pub const GRACE: Duration = Duration::from_secs(5);

/// When an account that nobody changed is told again, and one that is gone: the stream keeps news for ninety days, since they
/// have e-mail addresses in them, and whoever makes a copy must find every account there.
pub const TELL_AGAIN: Duration = Duration::from_secs(30 * 86_400);

/// The messages that tell these changes.
pub fn messages(
    changed: &[UserChanged],
    deleted: &[UserDeleted],
) -> Result<Vec<Outgoing>, serde_json::Error> {
    let changed =
        changed.iter().map(|news| Outgoing::new(event_id(news.user_id, news.version), news.user_id, news));
    let deleted =
        deleted.iter().map(|news| Outgoing::new(event_id(news.user_id, news.version), news.user_id, news));
    changed.chain(deleted).collect()
}
