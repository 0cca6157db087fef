//! Connections: each service signs in to NATS and Postgres as itself.

use crate::settings;
use anyhow::Context;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr, time::Duration};

/// A service's connection to NATS, with a count that grows whenever it was lost or made anew: pull requests that
/// were out by then are void.
#[derive(Clone)]
pub struct Nats {
    /// The client.
    pub client: async_nats::Client,
    /// Who is signed in.
    pub user: &'static str,
    pub(crate) epoch: tokio::sync::watch::Receiver<u64>,
}

/// Signs in to NATS as `user`, with an inbox prefix of its own.
///
/// # Errors
/// When no server can be reached or the user is refused.
pub async fn nats(places: &settings::Parts, user: &'static str) -> anyhow::Result<Nats> {
    let (tell, epoch) = tokio::sync::watch::channel(0_u64);
    let tell = std::sync::Arc::new(tell);
    let client = async_nats::ConnectOptions::new()
        .name(user)
        .user_and_password(user.to_owned(), password(places, "nats", user))
        .custom_inbox_prefix(inbox_prefix(user))
        .client_capacity(16_384)
        .subscription_capacity(65_536)
        .request_timeout(Some(Duration::from_secs(3)))
        .ping_interval(Duration::from_secs(10))
        .event_callback(move |event| {
            let tell = tell.clone();
            async move { on_event(&event, &tell, user) }
        })
        .connect(&places.nats_url)
        .await
        .with_context(|| format!("signing in to NATS at {} as {user}", places.nats_url))?;
    Ok(Nats { client, user, epoch })
}

/// The prefix of a user's inboxes: nobody else may listen to them.
#[must_use]
pub fn inbox_prefix(user: &str) -> String {
    format!("_INBOX_{user}")
}

fn on_event(event: &async_nats::Event, tell: &tokio::sync::watch::Sender<u64>, user: &str) {
    use async_nats::Event;
    match event {
        Event::Connected | Event::Disconnected => {
            tell.send_modify(|epoch| *epoch += 1);
            tracing::info!(service = user, "NATS: {event}");
        }
        // A publish that is not permitted is told only here.
        Event::ServerError(_) | Event::ClientError(_) | Event::SlowConsumer(_) => {
            tracing::error!(service = user, "NATS: {event}");
        }
        Event::LameDuckMode | Event::Draining | Event::Closed => {
            tracing::info!(service = user, "NATS: {event}")
        }
    }
}

/// Opens the database of `user`: one of the same name. Connections are made when needed.
///
/// # Errors
/// When the URL is no Postgres URL.
pub fn database(places: &settings::Parts, user: &str, connections: u32) -> anyhow::Result<PgPool> {
    let options = PgConnectOptions::from_str(places.postgres_url.expose())
        .context("POSTGRES_URL")?
        .username(user)
        .password(&password(places, "postgres", user))
        .database(user)
        .application_name(user)
        // Plans of prepared statements are made when tables are still empty and have no statistics; a sequential
        // scan chosen then is kept for ever. These settings leave only plans that stay right.
        .options([
            ("jit", "off"),
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            // Where an index gives the order that a LIMIT wants, a bitmap would be sorted whole.
            ("enable_bitmapscan", "off"),
            ("plan_cache_mode", "force_generic_plan"),
        ]);
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(5))
        .test_before_acquire(false)
        .connect_lazy_with(options))
}

pub(crate) fn password(places: &settings::Parts, purpose: &str, user: &str) -> String {
    let own = places.password.clone().unwrap_or_else(|| places.secret.own(user));
    own.for_purpose(purpose).expose().to_owned()
}
