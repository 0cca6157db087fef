//! Dead letters: messages that a service gave up on, and their redrive.

use crate::{Ctx, Fault, Outgoing, clock, delivery::Delivery};
use contracts::{MessageId, Refusal, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

/// A message that could not be read, decided or stored; told on `dead.<service>`, and kept whole in the service's
/// own table, from which alone it is redriven (so a redrive cannot bring in what was never there).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    /// Which service gave up.
    pub service: String,
    /// The message's id (made of stream, sequence and time stored, if it had none).
    pub message_id: MessageId,
    /// Where it came from.
    pub subject: String,
    /// Its place in the stream.
    pub stream: String,
    /// Its place in the stream.
    pub sequence: i64,
    /// Why, without values of the message.
    pub error: String,
    /// When.
    pub at: Timestamp,
    /// Its headers, as they came.
    pub headers: Vec<(String, String)>,
    /// Its body, if it was asked for, with U+FFFD for what is not UTF-8; it may hold personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// `cmd.<service>.redrive`: decide a dead letter again, under its original id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Redrive {
    /// The dead letter's.
    pub message_id: MessageId,
}

/// Asks for the dead letters that were not redriven yet, oldest first, without bodies.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListDead {
    /// Only those that were given up after this one: the last of the page before.
    #[serde(default)]
    pub after: Option<DeadPlace>,
    /// 1 to [`MOST_LISTED`].
    pub limit: u32,
}

/// A place in the order in which messages were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadPlace {
    /// When.
    pub at: Timestamp,
    /// Which.
    pub message_id: MessageId,
}

/// The most dead letters on a page: without headers and bodies so many fit into one answer.
pub const MOST_LISTED: u32 = 1_000;

/// Asks for one, with its body.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ShowDead {
    /// Which.
    pub message_id: MessageId,
}

/// The subject on which a service's dead letters are told.
#[must_use]
pub fn dead_subject(service: &str) -> String {
    format!("dead.{service}")
}

/// The subject of the command to redrive.
#[must_use]
pub fn redrive_subject(service: &str) -> String {
    format!("cmd.{service}.redrive")
}

/// The subject of [`ListDead`].
#[must_use]
pub fn list_subject(service: &str) -> String {
    format!("req.{service}.dead_list")
}

/// The subject of [`ShowDead`].
#[must_use]
pub fn show_subject(service: &str) -> String {
    format!("req.{service}.dead_show")
}

/// The dead letter of a message, on its way out: without the body, which may be of any size and personal.
pub(crate) fn letter_of(
    service: &str,
    delivery: &Delivery,
    why: &str,
) -> Result<Outgoing, serde_json::Error> {
    let letter = DeadLetter {
        service: service.to_owned(),
        message_id: delivery.id,
        subject: delivery.subject.clone(),
        stream: delivery.stream.clone(),
        sequence: delivery.sequence,
        error: why.to_owned(),
        at: clock::now(),
        headers: delivery.header_pairs(),
        body: None,
    };
    Ok(Outgoing {
        id: MessageId::named(&["dead", service, &delivery.id.to_string()]),
        subject: dead_subject(service).into(),
        ce_type: format!("{}.v1", dead_subject(service)).into(),
        at_millis: letter.at.millis(),
        about: delivery.about.unwrap_or(delivery.id.0),
        causation: Some(delivery.id),
        trace: delivery.trace.clone(),
        body: serde_json::to_vec(&letter)?.into(),
    })
}

/// The most bytes of an answer: NATS takes a megabyte, unless it is told otherwise.
const ANSWER_BYTES: usize = 900 << 10;
/// Of a body that does not fit: so many bytes of its beginning. Each may be written as six in JSON.
const SHOWN_BYTES: usize = 64 << 10;

const COLUMNS: &str = "current_database() as service, message_id, subject, stream, sequence, error, at";

/// A page, without headers and bodies. Times are compared as they are told, in whole milliseconds.
pub(crate) async fn list(ctx: Ctx, ask: ListDead) -> Result<Vec<DeadLetter>, Fault> {
    let sql = format!(
        "select {COLUMNS}, '[]'::jsonb as headers, null::bytea as body
         from dead_letter
         where not redriven and at >= $1 and (date_trunc('milliseconds', at), message_id) > ($1, $2)
         order by date_trunc('milliseconds', at), message_id limit $3"
    );
    // Before everything: no message has this id.
    let first = DeadPlace { at: Timestamp::from_millis(0), message_id: MessageId(uuid::Uuid::nil()) };
    let DeadPlace { at, message_id } = ask.after.unwrap_or(first);
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(at.inner())
        .bind(message_id.0)
        .bind(i64::from(ask.limit.clamp(1, MOST_LISTED)))
        .fetch_all(&ctx.db)
        .await?;
    Ok(rows.iter().map(letter).collect::<sqlx::Result<_>>()?)
}

/// Whole, but for a body that does not fit into an answer.
pub(crate) async fn show(ctx: Ctx, ask: ShowDead) -> Result<DeadLetter, Fault> {
    let sql = format!("select {COLUMNS}, headers, body from dead_letter where message_id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(ask.message_id.0).fetch_optional(&ctx.db).await?;
    let row = row.ok_or(Refusal::NotFound { what: "dead letter".into() })?;
    let mut letter = letter(&row)?;
    if let Some(body) = &mut letter.body
        && serde_json::to_vec(body).map_or(0, |written| written.len()) > ANSWER_BYTES / 2
    {
        let all = body.len();
        body.truncate(body.floor_char_boundary(SHOWN_BYTES));
        body.push_str(&format!("… (the beginning of {all} bytes)"));
    }
    Ok(letter)
}

fn letter(row: &PgRow) -> sqlx::Result<DeadLetter> {
    Ok(DeadLetter {
        service: row.try_get("service")?,
        message_id: MessageId(row.try_get::<Uuid, _>("message_id")?),
        subject: row.try_get("subject")?,
        stream: row.try_get("stream")?,
        sequence: row.try_get("sequence")?,
        error: row.try_get("error")?,
        at: Timestamp::new(row.try_get("at")?),
        headers: row.try_get::<sqlx::types::Json<Vec<(String, String)>>, _>("headers")?.0,
        body: row.try_get::<Option<&[u8]>, _>("body")?.map(|body| String::from_utf8_lossy(body).into_owned()),
    })
}
