//! What came before an order's placement, as JSON: kept as it came.

use super::unreadable;
use crate::Hears;
use chassis::Heard;
use contracts::{MessageEnum, MessageId, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Kept {
    id: MessageId,
    at: Timestamp,
    subject: String,
    body: serde_json::Value,
}

pub(super) fn write(early: &[Heard<Hears>]) -> sqlx::Result<String> {
    let kept = early.iter().map(|heard| {
        let body = serde_json::from_slice(&heard.message.write()?)?;
        Ok(Kept { id: heard.id, at: heard.at, subject: heard.message.info().subject.to_owned(), body })
    });
    let kept: Result<Vec<Kept>, serde_json::Error> = kept.collect();
    kept.and_then(|kept| serde_json::to_string(&kept)).map_err(|error| sqlx::Error::Encode(error.into()))
}

pub(super) fn read(text: &str) -> sqlx::Result<Vec<Heard<Hears>>> {
    let kept: Vec<Kept> = serde_json::from_str(text).map_err(unreadable)?;
    let heard = kept.into_iter().map(|kept| {
        let body = kept.body.to_string();
        let message = Hears::read(&kept.subject, body.as_bytes()).map_err(unreadable)?;
        Ok(Heard::new(kept.id, kept.at, message))
    });
    heard.collect()
}
