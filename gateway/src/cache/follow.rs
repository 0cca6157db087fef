//! Dropping what is shown otherwise now.

use crate::app::App;
use async_nats::Subscriber;
use contracts::{LISTINGS_CHANGED, ListingsChanged, Slug};
use futures_util::StreamExt;
use std::sync::{Arc, atomic::Ordering};
use tokio_util::sync::CancellationToken;

/// Runs until told to stop.
pub(crate) async fn follow(app: Arc<App>, stop: CancellationToken) {
    let mut nats = app.nats.clone();
    let Ok(mut heard) = app.nats.client.subscribe(LISTINGS_CHANGED).await else {
        return tracing::error!("changes of listings cannot be heard");
    };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = hear(&app, &mut heard) => return,
            () = nats.interrupted() => {
                // What was told meanwhile is lost: all that is remembered may be old. Not so at the first connection.
                if app.nats.client.statistics().connects.load(Ordering::Relaxed) > 1 {
                    app.cache.clear();
                    app.memory.drop_all_views().await;
                }
            }
        }
    }
}

/// Takes what is told, as long as the connection is not given up.
async fn hear(app: &App, heard: &mut Subscriber) {
    while let Some(message) = heard.next().await {
        match serde_json::from_slice::<ListingsChanged>(&message.payload) {
            Ok(ListingsChanged { slugs }) => {
                // First in Redis, or what is old there could be taken for what is near.
                app.memory.drop_views(&slugs).await;
                app.cache.drop_listings(slugs.iter().map(Slug::as_str));
            }
            Err(error) => tracing::error!(%error, "changed listings cannot be read"),
        }
    }
}
