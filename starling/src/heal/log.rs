//! The payment log in MongoDB: what `payments-log` took, and the only copy of what the provider answered once payments
//! has heard it. (Such an answer comes from a call, not from a decision: no journal has it as an output.)

use super::{
    Patient, Report, ago,
    held::Held,
    journals::{TOGETHER, Teller},
};
use anyhow::Context;
use chassis::{Outgoing, settings};
use contracts::{Message, MessageId, PaymentAnswered};
use futures_util::TryStreamExt;
use mongodb::{
    Client, Collection,
    bson::{self, DateTime, Document, doc},
    options::ClientOptions,
};
use payments::log::{COLLECTION, DATABASE};
use std::{collections::BTreeSet, time::Duration};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// The service that keeps it.
pub const SERVICE: &str = "payments-log";
/// How long to look for MongoDB.
const PATIENCE: Duration = Duration::from_secs(5);
/// The stream forgets what is older, and nobody asks for it.
const KEPT: Duration = Duration::from_secs(14 * 86_400);
/// Clocks differ.
const MARGIN: Duration = Duration::from_secs(3_600);

/// The log, opened for reading.
pub struct PaymentLog {
    documents: Collection<Document>,
    /// In order; read when it is first asked for.
    ids: OnceCell<Vec<u128>>,
}

impl PaymentLog {
    /// Opens it.
    pub async fn open(places: &settings::Parts) -> anyhow::Result<Self> {
        let mut options = ClientOptions::parse(places.mongodb_url.expose()).await.context("MONGODB_URL")?;
        options.server_selection_timeout = Some(PATIENCE);
        options.connect_timeout = Some(PATIENCE);
        let documents = Client::with_options(options)?.database(DATABASE).collection(COLLECTION);
        Ok(Self { documents, ids: OnceCell::new() })
    }

    /// Which of these messages it did not have when this was first asked.
    pub async fn unknown(&self, ids: &BTreeSet<MessageId>) -> anyhow::Result<BTreeSet<MessageId>> {
        let known = self.ids.get_or_try_init(|| self.read_ids()).await?;
        let is_unknown = |id: &&MessageId| known.binary_search(&id.0.as_u128()).is_err();
        Ok(ids.iter().filter(is_unknown).copied().collect())
    }

    /// All at once: servers that stand for MongoDB look through all documents for every question.
    async fn read_ids(&self) -> anyhow::Result<Vec<u128>> {
        let since = DateTime::from_millis(ago(KEPT + MARGIN).millis());
        let documents = self.documents.find(doc! { "time": { "$gte": since } }).projection(doc! { "_id": 1 });
        let mut documents = documents.await.context("MongoDB")?;
        let mut ids = vec![];
        while let Some(document) = documents.try_next().await.context("MongoDB")? {
            ids.extend(
                document.get_str("_id").ok().and_then(|id| Uuid::try_parse(id).ok()).map(|id| id.as_u128()),
            );
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Publishes the answers that are in the log and in the stream no more.
    pub async fn tell_again(
        &self,
        patient: &Patient,
        held: &Held,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let payments = Teller::sign_in(&patient.places, PaymentAnswered::INFO.owner).await?;
        let from = patient.since.unwrap_or_else(|| ago(KEPT)).max(ago(KEPT));
        let wanted = doc! {
            "type": PaymentAnswered::INFO.ce_type,
            "time": { "$gte": DateTime::from_millis(from.millis()) },
        };
        let mut documents = self.documents.find(wanted).await.context("MongoDB")?;
        let mut missing = vec![];
        while let Some(document) = documents.try_next().await.context("MongoDB")? {
            let Some(answer) = answer(&document) else { continue };
            if !held.has("PAYMENT", answer.id) {
                missing.push(answer);
            }
            if missing.len() >= TOGETHER {
                payments.tell(std::mem::take(&mut missing), patient.dry_run, report).await?;
            }
        }
        payments.tell(missing, patient.dry_run, report).await
    }
}

/// The message that a document was made of; nothing if it was none of ours.
fn answer(document: &Document) -> Option<Outgoing> {
    let id = document.get_str("_id").ok()?.parse().ok().map(MessageId)?;
    let body: PaymentAnswered = bson::deserialize_from_bson(document.get("body")?.clone()).ok()?;
    let at_millis = document.get_datetime("time").ok()?.timestamp_millis();
    let message = Outgoing::new(id, body.order_id, &body).ok()?;
    Some(Outgoing { at_millis, ..message })
}
