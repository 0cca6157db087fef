//! What a gateway must know from identity to tell good tokens from bad ones: its public keys, and which sessions have
//! ended. It hears of an end at once; after each interruption of its connection, and at the start, it asks what it missed.

pub(crate) mod api_keys;

use crate::{app::App, ask::Silent, memory::Away};
use async_nats::Subscriber;
use chassis::clock;
use contracts::{GetKeys, ListRevoked, Revoked, SESSION_REVOKED, SessionsRevoked};
use futures_util::StreamExt;
use std::{
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// How often identity is asked for its keys: half of the time for which it publishes a new one before it signs.
const KEYS_EVERY: Duration = Duration::from_secs(5 * 60);
/// How soon identity is asked again when it did not answer.
const AGAIN: Duration = Duration::from_secs(1);
/// Tokens of unknown keys may make the gateway ask identity this often.
const UNKNOWN_EVERY: Duration = Duration::from_secs(2);

/// Runs until told to stop.
pub(crate) async fn follow(app: Arc<App>, stop: CancellationToken) {
    let mut nats = app.nats.clone();
    let Ok(mut heard) = app.nats.client.subscribe(SESSION_REVOKED).await else {
        return tracing::error!("the ends of sessions cannot be heard");
    };
    let (mut due, mut recalled) = (Duration::ZERO, false);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = hear(&app, &mut heard) => return,
            // What was told meanwhile is lost.
            () = nats.interrupted() => due = Duration::ZERO,
            () = tokio::time::sleep(due) => {
                // Redis may not be connected yet when a gateway starts.
                recalled = recalled || recall(&app).await.is_ok();
                let all = catch_up(&app).await.is_ok() && recalled;
                due = if all { KEYS_EVERY } else { AGAIN };
            }
        }
    }
}

/// Takes what is told, as long as the connection is not given up.
async fn hear(app: &App, heard: &mut Subscriber) {
    while let Some(message) = heard.next().await {
        match serde_json::from_slice::<SessionsRevoked>(&message.payload) {
            Ok(SessionsRevoked { sessions }) => take(app, &sessions).await,
            Err(error) => tracing::error!(%error, "ended sessions cannot be read"),
        }
    }
}

async fn take(app: &App, sessions: &[Revoked]) {
    app.tokens.end(sessions);
    // Every gateway writes the same; one that cannot is no matter, since identity knows.
    app.memory.end_sessions(sessions, clock::now()).await;
}

/// Takes what Redis remembers from before this gateway started.
async fn recall(app: &App) -> Result<(), Away> {
    app.tokens.end(&app.memory.ended_sessions(clock::now()).await?);
    Ok(())
}

/// Asks for all ends that may still matter, and only then for the keys: at the start no token of an ended session shall
/// be good for a moment.
async fn catch_up(app: &App) -> Result<(), Silent> {
    let mut after = None;
    loop {
        let page = app.try_ask(&ListRevoked { after }).await?;
        take(app, &page.sessions).await;
        after = page.next;
        if after.is_none() {
            return ask_for_keys(app).await;
        }
    }
}

async fn ask_for_keys(app: &App) -> Result<(), Silent> {
    let told = app.try_ask(&GetKeys {}).await?;
    app.tokens.tell(&told);
    Ok(())
}

/// A token names a key that is not known: asks for the keys (and before them for the ends of sessions), unless that was
/// just done.
pub(crate) async fn key_is_unknown(app: &App) {
    if just_asked(app) {
        return;
    }
    drop(catch_up(app).await);
}

fn just_asked(app: &App) -> bool {
    let now = Instant::now();
    let mut asked = app.keys_asked.lock().unwrap_or_else(PoisonError::into_inner);
    let just = asked.is_some_and(|asked| now.duration_since(asked) < UNKNOWN_EVERY);
    if !just {
        *asked = Some(now);
    }
    just
}
