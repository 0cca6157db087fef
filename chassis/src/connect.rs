//! Connections: each service signs in to NATS and Postgres as itself.

use crate::settings;
use anyhow::Context;
use futures_util::{FutureExt, future::BoxFuture};
use sqlx::{
    Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{io, str::FromStr, time::Duration};
use tokio::time::timeout;

/// How long a transaction may take. After it its connection is taken for dead, though nothing says so: the host at
/// its other end lost its power, or a firewall between them its memory.
const TRANSACTION: Duration = Duration::from_secs(20);
/// How long a connection whose user gave up may take to come to rest before it is closed rather than used again.
const REST: Duration = Duration::from_secs(5);

/// Plans of prepared statements are made when tables are still empty and have no statistics; a sequential scan chosen
/// then is kept for ever. These settings leave only plans that stay right.
pub(crate) const PLANS: [(&str, &str); 6] = [
    ("jit", "off"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    // Where an index gives the order that a LIMIT wants, a bitmap would be sorted whole.
    ("enable_bitmapscan", "off"),
    ("plan_cache_mode", "force_generic_plan"),
];

/// How often a silent server is asked whether it is there. At the third time without an answer it is given up, for
/// another node of the cluster: so long do messages wait for one that hangs.
const PING: Duration = Duration::from_secs(3);

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

impl Nats {
    /// Waits until the connection was lost or made anew; what was told on core NATS meanwhile is lost.
    pub async fn interrupted(&mut self) {
        if self.epoch.changed().await.is_err() {
            std::future::pending().await
        }
    }

    /// Whether it is connected right now.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == async_nats::connection::State::Connected
    }
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
        .ping_interval(PING)
        .event_callback(move |event| {
            let tell = tell.clone();
            async move { on_event(&event, &tell, user) }
        })
        .connect(places.nats_urls())
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
        .options(PLANS)
        .options([
            // The same seen from the server: a client that is gone without a word must not keep its locks. Between
            // statements services only decide, and a statement that waits for a lock looks whether anybody waits for it.
            ("idle_in_transaction_session_timeout", "15s"),
            ("client_connection_check_interval", "5s"),
            ("tcp_keepalives_idle", "15"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "3"),
        ]);
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(5))
        .test_before_acquire(false)
        .after_release(|connection, _| at_rest(connection))
        .connect_lazy_with(options))
}

/// Whether a connection that comes back has had all its answers; one that waits for them in vain is closed. (Without
/// this the pool would wait for them for ever, and have one connection less.)
fn at_rest(connection: &mut PgConnection) -> BoxFuture<'_, sqlx::Result<bool>> {
    async {
        match timeout(REST, connection.flush()).await {
            Ok(rested) => rested.map(|()| true),
            Err(_) => Err(silent()),
        }
    }
    .boxed()
}

/// Limits the time of a transaction, or of as much work as one.
///
/// # Errors
/// Those of the work; and [`sqlx::Error::Io`], as if the connection had been cut, when the database does not answer.
pub(crate) async fn in_time<T, E: From<sqlx::Error>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(TRANSACTION, work).await.unwrap_or_else(|_| Err(silent().into()))
}

fn silent() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database does not answer"))
}

pub(crate) fn password(places: &settings::Parts, purpose: &str, user: &str) -> String {
    places.own(user).for_purpose(purpose).expose().to_owned()
}
