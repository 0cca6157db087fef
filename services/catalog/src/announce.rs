//! Telling what changed.

use crate::domain::event_id;
use chassis::Outgoing;
use contracts::{MessageId, ProductChanged};
use std::time::Duration;

/// How long a request has for telling a change itself, before a sweep does.
pub const GRACE: Duration = Duration::from_secs(5);

/// The messages that tell these changes. What they are about is an id made of the SKU.
pub fn messages(changes: &[ProductChanged]) -> Result<Vec<Outgoing>, serde_json::Error> {
    let message = |change: &ProductChanged| {
        let product = MessageId::named(&["product", change.sku.as_str()]);
        Outgoing::new(event_id(&change.sku, change.version), product, change)
    };
    changes.iter().map(message).collect()
}
