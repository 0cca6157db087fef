//! Deleting the objects of pictures that no listing shows: catalog says which.

use crate::app::App;
use contracts::{ForgetImages, ImageId, ListStrayImages, MAX_STRAYS};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Runs until told to stop. What fails is told again a minute later, here or to another gateway.
pub(crate) async fn follow(app: Arc<App>, every: Duration, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        // Those that are many are taken at once.
        while !stop.is_cancelled() && tidy(&app).await == MAX_STRAYS {}
    }
}

/// How many pictures it deleted.
async fn tidy(app: &App) -> usize {
    // A catalog that is away is told of by those who wait for it.
    let Ok(strays) = app.try_ask(&ListStrayImages {}).await else { return 0 };
    let mut ids: Vec<ImageId> = vec![];
    for id in strays {
        if app.images.store.delete(id).await.is_ok() {
            ids.push(id);
        }
    }
    let images = ids.len();
    if images > 0 && app.try_ask(&ForgetImages { ids }).await.is_ok() {
        tracing::info!(images, "pictures that no listing shows are deleted");
    }
    images
}
