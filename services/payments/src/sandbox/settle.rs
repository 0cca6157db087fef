//! What the bank does with a pending charge, and the webhook that it sends then.

use crate::domain::{NoticeBody, NoticeOutcome};
use chassis::{Secret, clock, signature};
use contracts::Text;
use sqlx::{PgPool, Row};

/// What becomes of a pending charge.
pub type Settlement = NoticeOutcome;

/// A webhook, ready to be posted to `/v1/payments/webhook/sandbox`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedWebhook {
    /// The body: JSON.
    pub body: String,
    /// The header `Starling-Signature`.
    pub signature: String,
}

/// Why a charge could not be settled.
#[derive(Debug, thiserror::Error)]
pub enum UnsettledCharge {
    /// No charge of this order, or none with this key, is in the books.
    #[error("there is no charge with the key {0}, and no pending one of such an order")]
    Unknown(String),
    /// It was settled otherwise before.
    #[error("the charge {key} is {state} already")]
    Otherwise {
        /// The charge's.
        key: String,
        /// What it is.
        state: String,
    },
    /// The webhook could not be written; it would be a bug.
    #[error("the webhook could not be written")]
    Webhook(#[from] serde_json::Error),
    /// The books.
    #[error("the sandbox's books")]
    Books(#[from] sqlx::Error),
}

/// Settles a pending charge in the books, and signs the webhook that tells so. The same settlement again gives the
/// same event, newly signed.
///
/// `charge` is an idempotency key (`<order>-<attempt>`), or an order's id: then its last charge.
///
/// # Errors
/// When there is no such charge, or it is settled otherwise.
pub async fn settle(
    books: &PgPool,
    webhook_secret: &Secret,
    charge: &str,
    outcome: Settlement,
) -> Result<SignedWebhook, UnsettledCharge> {
    // Keys of an order share its id as prefix; the number behind it decides which is the last.
    const FIND: &str = "select key, state, why from charge \
        where key = $1 or (key > $1 || '-' and key < $1 || '.' and substr(key, length($1) + 2) !~ '\\D') \
        order by length(key) desc, key desc limit 1 for update";
    const SETTLE: &str = "update charge set state = $2, why = $3 where key = $1";
    let (state, why) = match outcome {
        NoticeOutcome::Captured => ("captured", None),
        NoticeOutcome::Declined => ("declined", Some("declined")),
        NoticeOutcome::Expired => ("declined", Some("expired")),
    };
    let mut db = books.begin().await?;
    let found = sqlx::query(FIND).bind(charge).fetch_optional(&mut *db).await?;
    let found = found.ok_or_else(|| UnsettledCharge::Unknown(charge.to_owned()))?;
    let key: String = found.try_get("key")?;
    let was: (String, Option<String>) = (found.try_get("state")?, found.try_get("why")?);
    if was.0 == "pending" {
        sqlx::query(SETTLE).bind(&key).bind(state).bind(why).execute(&mut *db).await?;
        db.commit().await?;
    } else if was != (state.to_owned(), why.map(str::to_owned)) {
        return Err(UnsettledCharge::Otherwise { key, state: was.0 });
    }
    webhook(webhook_secret, &key, outcome)
}

fn webhook(secret: &Secret, key: &str, outcome: Settlement) -> Result<SignedWebhook, UnsettledCharge> {
    let text = |text: String| Text::new(text).map_err(|_| UnsettledCharge::Unknown(key.to_owned()));
    let body = NoticeBody {
        event_id: text(format!("evt_{key}_{}", outcome.word()))?,
        key: text(key.to_owned())?,
        outcome: Text::new(outcome.word()).map_err(|_| UnsettledCharge::Unknown(key.to_owned()))?,
        provider_ref: super::reference(key),
    };
    let body = serde_json::to_string(&body)?;
    let signature = signature::sign(secret, clock::now().millis() / 1000, &body);
    Ok(SignedWebhook { body, signature })
}
