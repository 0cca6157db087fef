//! The sandbox's ledger: bookings that come at the same time are written with one INSERT, so with one fsync.

use super::SANDBOX_DATABASE;
use chassis::{CallFailed, connect, settings};
use contracts::{CarrierAnswer, Text};
use sqlx::PgPool;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};
use tokio::sync::oneshot;

/// How long the first booking waits for others.
const COLLECT: Duration = Duration::from_millis(1);
/// Most bookings in one INSERT.
const TOGETHER: usize = 1_000;
/// Connections to the ledger.
const CONNECTIONS: u32 = 2;

/// A booking to be written, unless its key is there already.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub key: String,
    pub refused: bool,
}

/// What the ledger says of a booking.
#[derive(Debug, Clone)]
pub(super) struct Booked {
    pub answer: CarrierAnswer,
    /// It was written just now.
    pub fresh: bool,
}

type Told = Result<Booked, CallFailed>;

struct Waiting {
    entry: Entry,
    tell: oneshot::Sender<Told>,
}

pub(super) struct Ledger {
    places: Option<settings::Parts>,
    db: OnceLock<Result<PgPool, CallFailed>>,
    queue: Mutex<Vec<Waiting>>,
    /// Whoever holds it writes for all that wait.
    pen: tokio::sync::Mutex<()>,
}

impl Ledger {
    pub fn at(places: settings::Parts) -> Self {
        Self { places: Some(places), db: OnceLock::new(), queue: Mutex::default(), pen: Default::default() }
    }

    pub fn of(db: PgPool) -> Self {
        Self { places: None, db: OnceLock::from(Ok(db)), queue: Mutex::default(), pen: Default::default() }
    }

    /// Writes a booking together with those that come at the same time.
    ///
    /// There is no writer task: the first caller waits a moment, takes what has gathered, and writes it; whoever
    /// comes meanwhile gathers for the next. A writer that is given up drops what it took, and those callers'
    /// outcome is unknown.
    pub async fn book(&self, entry: Entry) -> Told {
        let (tell, mut told) = oneshot::channel();
        self.queue().push(Waiting { entry, tell });
        let pen = tokio::select! {
            biased;
            told = &mut told => return told.unwrap_or_else(|_| given_up()),
            pen = self.pen.lock() => pen,
        };
        tokio::time::sleep(COLLECT).await;
        loop {
            match told.try_recv() {
                Ok(told) => return told,
                Err(oneshot::error::TryRecvError::Closed) => return given_up(),
                Err(oneshot::error::TryRecvError::Empty) => self.write_some(&pen).await,
            }
        }
    }

    /// Writes the oldest that wait.
    async fn write_some(&self, _pen: &tokio::sync::MutexGuard<'_, ()>) {
        let some: Vec<Waiting> = {
            let mut queue = self.queue();
            let count = queue.len().min(TOGETHER);
            queue.drain(..count).collect()
        };
        let entries: BTreeMap<&str, bool> =
            some.iter().map(|waiting| (waiting.entry.key.as_str(), waiting.entry.refused)).collect();
        let written = self.write(&entries).await;
        for waiting in some {
            let told = match &written {
                Ok(booked) => {
                    booked.get(&waiting.entry.key).cloned().ok_or_else(|| CallFailed("not written".into()))
                }
                Err(error) => Err(error.clone()),
            };
            // Whoever no longer waits calls again with the same key.
            drop(waiting.tell.send(told));
        }
    }

    async fn write(&self, entries: &BTreeMap<&str, bool>) -> Result<BTreeMap<String, Booked>, CallFailed> {
        let db = self.db()?;
        let (mut keys, mut states, mut trackings) = (Vec::new(), Vec::new(), Vec::new());
        for (key, refused) in entries {
            keys.push(*key);
            states.push(if *refused { "refused" } else { "booked" });
            trackings.push((!refused).then(|| tracking(key)));
        }
        let fresh: Vec<(String,)> = sqlx::query_as(
            "insert into booking (key, state, tracking)
             select * from unnest($1::text[], $2::text[], $3::text[])
             on conflict (key) do nothing returning key",
        )
        .bind(&keys)
        .bind(states)
        .bind(trackings)
        .fetch_all(db)
        .await
        .map_err(unknown)?;
        let mut booked = BTreeMap::new();
        for (key,) in fresh {
            let refused = entries.get(key.as_str()).copied().unwrap_or_default();
            let answer = answer((!refused).then(|| tracking(&key)))?;
            booked.insert(key, Booked { answer, fresh: true });
        }
        let known: Vec<&str> = keys.into_iter().filter(|key| !booked.contains_key(*key)).collect();
        if !known.is_empty() {
            let rows: Vec<(String, Option<String>)> =
                sqlx::query_as("select key, tracking from booking where key = any($1)")
                    .bind(known)
                    .fetch_all(db)
                    .await
                    .map_err(unknown)?;
            for (key, tracking) in rows {
                booked.insert(key, Booked { answer: answer(tracking)?, fresh: false });
            }
        }
        Ok(booked)
    }

    /// What was answered to a booking.
    pub async fn look_up(&self, key: &str) -> Result<Option<CarrierAnswer>, CallFailed> {
        let row: Option<(Option<String>,)> = sqlx::query_as("select tracking from booking where key = $1")
            .bind(key)
            .fetch_optional(self.db()?)
            .await
            .map_err(unknown)?;
        row.map(|(tracking,)| answer(tracking)).transpose()
    }

    /// Voids a booking. One that is not there yet is refused should it still come.
    pub async fn void(&self, key: &str) -> Result<(), CallFailed> {
        sqlx::query(
            "insert into booking (key, state) values ($1, 'voided')
             on conflict (key) do update set state = 'voided' where booking.state = 'booked'",
        )
        .bind(key)
        .execute(self.db()?)
        .await
        .map_err(unknown)?;
        Ok(())
    }

    /// Counts a call that came while the sandbox feigned to be down.
    pub async fn count_outage(&self, key: &str) -> Result<i32, CallFailed> {
        let (calls,): (i32,) = sqlx::query_as(
            "insert into outage (key, calls) values ($1, 1)
             on conflict (key) do update set calls = outage.calls + 1 returning calls",
        )
        .bind(key)
        .fetch_one(self.db()?)
        .await
        .map_err(unknown)?;
        Ok(calls)
    }

    pub fn db(&self) -> Result<&PgPool, CallFailed> {
        let open = || match &self.places {
            Some(places) => connect::database(places, SANDBOX_DATABASE, CONNECTIONS).map_err(unknown),
            None => Err(CallFailed("a ledger without a database".into())),
        };
        self.db.get_or_init(open).as_ref().map_err(Clone::clone)
    }

    fn queue(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The carrier's number is made of the key, so the same key has the same one.
fn tracking(key: &str) -> String {
    format!("SB{}", key.replace('-', "").to_uppercase())
}

/// What has a number was booked, and its answer stays the same when it is voided later.
fn answer(tracking: Option<String>) -> Result<CarrierAnswer, CallFailed> {
    match tracking {
        Some(tracking) => Ok(CarrierAnswer::Booked { tracking: Text::new(tracking).map_err(unknown)? }),
        None => Ok(CarrierAnswer::Refused),
    }
}

fn given_up() -> Told {
    Err(CallFailed("whoever wrote the ledger was given up".into()))
}

fn unknown(error: impl std::fmt::Display) -> CallFailed {
    CallFailed(error.to_string())
}
