//! Law 5: exactly one payment-log document for each payment event. (`_id` is the message's id, so never two.)

use super::{Check, Law, stream};
use anyhow::Context;
use chassis::settings;
use futures_util::TryStreamExt;
use mongodb::{
    Client,
    bson::{DateTime, Document, doc},
    options::ClientOptions,
};
use payments::log::{COLLECTION, DATABASE};
use std::{collections::BTreeSet, time::Duration};

/// How long to look for MongoDB.
const PATIENCE: Duration = Duration::from_secs(5);

/// Compares the stream of payment events with the log.
pub async fn checks(places: &settings::Parts) -> anyhow::Result<Vec<Check>> {
    let mut told: BTreeSet<String> = BTreeSet::new();
    let mut since = i64::MAX;
    stream::headers(places, "PAYMENT", "payment.>", |id, _, stored| {
        since = since.min(stored);
        told.insert(id.to_string());
    })
    .await?;
    let mut check = Check::new(Law::Log, "the payment log has one document for each payment event");
    check.looked_at = told.len();
    let mut logged = BTreeSet::new();
    let mut options = ClientOptions::parse(places.mongodb_url.expose()).await.context("MONGODB_URL")?;
    options.server_selection_timeout = Some(PATIENCE);
    options.connect_timeout = Some(PATIENCE);
    let documents = Client::with_options(options)?.database(DATABASE).collection::<Document>(COLLECTION);
    let mut cursor =
        documents.find(doc! {}).projection(doc! { "_id": 1, "time": 1 }).await.context("MongoDB")?;
    while let Some(document) = cursor.try_next().await? {
        let id = document.get_str("_id")?;
        // The stream forgets what is old, the log does not.
        let fresh = document.get_datetime("time").is_ok_and(|time| *time >= DateTime::from_millis(since));
        if fresh && !told.contains(id) {
            check.offends(id, "a document without its event");
        }
        logged.insert(id.to_owned());
    }
    for id in told.difference(&logged) {
        check.offends(id, "an event without its document");
    }
    Ok(vec![check])
}
