//! The payment log: every payment event as one document in MongoDB, whose `_id` is the message's id. So it is there
//! exactly once, however often it is written.

use crate::Tells;
use anyhow::Context;
use chassis::{Listener, Record, Secret};
use contracts::{MessageEnum, MessageInfo};
use mongodb::bson::{self, Bson, DateTime, Document, doc};
use mongodb::error::{Error, ErrorKind, RETRYABLE_WRITE_ERROR};
use mongodb::options::{ClientOptions, IndexOptions};
use mongodb::{Client, Collection, IndexModel};
use std::time::Duration;
use tokio::sync::OnceCell;

/// Database and collection of the log.
pub const DATABASE: &str = "starling";
/// Database and collection of the log.
pub const COLLECTION: &str = "payment_log";

/// How long to look for a server, and to wait for a connection to it, before the batch is put off.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long one answer may take; after it the connection is taken for dead, though nothing says so, and given up.
const ANSWER: Duration = Duration::from_secs(10);

/// MongoDB's code for a unique key that is there already.
const DUPLICATE_KEY: i32 = 11_000;

/// Writes payment events to MongoDB.
pub struct PaymentLog {
    url: Secret,
    /// Opened when the first event comes, so that the service starts without MongoDB.
    documents: OnceCell<Collection<Document>>,
}

impl PaymentLog {
    /// A log at this MongoDB.
    #[must_use]
    pub fn new(url: Secret) -> Self {
        Self { url, documents: OnceCell::new() }
    }

    async fn open(&self) -> anyhow::Result<Collection<Document>> {
        let mut options = ClientOptions::parse(self.url.expose()).await.context("MONGODB_URL")?;
        options.app_name = Some("payments-log".to_owned());
        options.server_selection_timeout = Some(PATIENCE);
        options.connect_timeout = Some(PATIENCE);
        let documents = Client::with_options(options)?.database(DATABASE).collection(COLLECTION);
        let by_order = IndexModel::builder()
            .keys(doc! { "order_id": 1, "time": 1 })
            .options(IndexOptions::builder().name("by_order".to_owned()).build())
            .build();
        in_time(documents.create_index(by_order)).await.context("the payment log's index")?;
        Ok(documents)
    }
}

impl Listener for PaymentLog {
    const HEARS: &'static [&'static MessageInfo] = Tells::INFOS;

    async fn keep(&self, batch: &[Record]) -> anyhow::Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let documents = self.documents.get_or_try_init(|| self.open()).await?;
        match in_time(documents.insert_many(batch.iter().map(document)).ordered(false)).await {
            Ok(_) => Ok(()),
            Err(error) if were_there(&error) => Ok(()),
            Err(error) if refuses(&error) => keep_one_by_one(documents, batch).await,
            Err(error) => Err(error).context("writing the payment log"),
        }
    }
}

/// The driver waits for an answer as long as its connection lives, and a connection whose other end is gone without a
/// word lives for ever.
async fn in_time<T>(asked: impl IntoFuture<Output = Result<T, Error>>) -> Result<T, Error> {
    let answer = tokio::time::timeout(ANSWER, asked.into_future()).await;
    answer.unwrap_or_else(|_| Err(Error::custom("no answer in time")))
}

/// So that a document that cannot be stored hurts only itself: its body is kept as text.
async fn keep_one_by_one(documents: &Collection<Document>, batch: &[Record]) -> anyhow::Result<()> {
    for record in batch {
        match in_time(documents.insert_many([document(record)])).await {
            Ok(_) => {}
            Err(error) if were_there(&error) => {}
            Err(error) if refuses(&error) => match in_time(documents.insert_many([as_text(record)])).await {
                Ok(_) => {}
                Err(error) if were_there(&error) => {}
                Err(error) => return Err(error).context("writing text to the payment log"),
            },
            Err(error) => return Err(error).context("writing the payment log"),
        }
    }
    Ok(())
}

/// Whether it is the documents that are at fault, and not the server or the way to it. (Names with a zero character
/// are refused by BSON itself, those with a dollar sign by some servers.)
fn refuses(error: &Error) -> bool {
    let kind = error.kind.as_ref();
    matches!(kind, ErrorKind::Bson(_) | ErrorKind::BsonSerialization(_) | ErrorKind::InvalidArgument { .. })
        || matches!(kind, ErrorKind::InsertMany(_) | ErrorKind::Write(_) | ErrorKind::Command(_))
            && !error.contains_label(RETRYABLE_WRITE_ERROR)
}

/// Whether all that was not written was there already.
fn were_there(error: &Error) -> bool {
    let ErrorKind::InsertMany(error) = error.kind.as_ref() else { return false };
    let duplicates = |errors: &Vec<mongodb::error::IndexedWriteError>| {
        !errors.is_empty() && errors.iter().all(|error| error.code == DUPLICATE_KEY)
    };
    error.write_concern_error.is_none() && error.write_errors.as_ref().is_some_and(duplicates)
}

/// One event. Its attributes are fields, so that they can be searched; what it says is under `body`.
fn document(record: &Record) -> Document {
    let body = serde_json::from_slice::<serde_json::Value>(&record.body).ok();
    let Some(body) = body.and_then(|body| bson::serialize_to_bson(&body).ok()) else {
        return as_text(record);
    };
    let order = body.as_document().and_then(|body| body.get_str("order_id").ok()).map(str::to_owned);
    with_body(record, order, body)
}

/// What is not JSON, or not what MongoDB takes, is kept as it came rather than lost: the log judges nothing.
fn as_text(record: &Record) -> Document {
    with_body(record, None, Bson::String(String::from_utf8_lossy(&record.body).into_owned()))
}

fn with_body(record: &Record, order: Option<String>, body: Bson) -> Document {
    let envelope = &record.envelope;
    doc! {
        "_id": envelope.id.to_string(),
        "type": &envelope.ce_type,
        "order_id": order.unwrap_or_else(|| envelope.about.to_string()),
        "time": DateTime::from_millis(envelope.time.millis()),
        "causation": envelope.causation.map(|id| id.to_string()),
        "body": body,
    }
}
