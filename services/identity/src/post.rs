//! Answering who forgot a password.

use crate::{
    desk::{Desk, Identity},
    requests::answer_forgotten,
};
use chassis::Ctx;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often to look for what other processes noted.
const EVERY: Duration = Duration::from_secs(2);

/// Runs until told to stop.
pub async fn answer(identity: Arc<Identity>, ctx: Ctx, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match answer_forgotten(&Desk::new(identity.clone(), ctx.clone())).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "forgotten passwords are not answered yet"),
        }
        let noted = tokio::time::timeout(EVERY, identity.forgotten.notified());
        stop.run_until_cancelled(noted).await;
    }
}
