//! Housekeeping, once a minute: what is over is forgotten, signing keys take turns.

use crate::{desk::Identity, signer, store};
use chassis::{Ctx, Fault, clock};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often.
const EVERY: Duration = Duration::from_secs(60);

/// Runs until told to stop.
pub async fn tidy(identity: Arc<Identity>, ctx: Ctx, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        if let Err(error) = once(&identity, &ctx).await {
            tracing::warn!(%error, "identity was not tidied up, it will be in a minute");
        }
    }
}

async fn once(identity: &Identity, ctx: &Ctx) -> Result<(), Fault> {
    let now = clock::now();
    let mut tx = ctx.db.begin().await?;
    store::sweep::forget(&mut tx, now, identity.settings.refresh_token_s.into()).await?;
    store::guesses::forget_old(&mut tx, now).await?;
    tx.commit().await?;
    let signs_for = Duration::from_secs(u64::from(identity.settings.signing_key_days) * 86_400);
    // Looked at without the lock first: it is seldom that something is to be done.
    let idle = signer::Due { new: false, over: vec![] };
    if signer::due(&store::keys::all(&ctx.db).await?, signs_for, now) == idle {
        return Ok(());
    }
    let mut tx = ctx.db.begin().await?;
    let due = signer::due(&store::keys::lock(&mut tx).await?, signs_for, now);
    if due.new {
        let fresh = signer::fresh(&identity.keyed, now, now.plus(signer::PUBLISHED_BEFORE))?;
        store::keys::insert(&mut tx, &fresh).await?;
        tracing::info!(kid = fresh.kid, "a new signing key is published");
    }
    store::keys::delete(&mut tx, &due.over).await?;
    tx.commit().await?;
    Ok(())
}
