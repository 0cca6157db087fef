//! The one trait of a transactional service: load, decide, save.

use crate::{Db, Lease, Recorded, Writes, telemetry::Counts};
use contracts::{MessageEnum, MessageId, MessageInfo, Timestamp};
use std::future::Future;
use uuid::Uuid;

/// All rows that one batch of messages touches, and the rules that change them.
///
/// The runtime calls `load` once, `decide` for each message in order, `save` once, all in one transaction.
/// When a batch fails it is begun again, at last message by message; so a participant holds nothing but rows.
pub trait Participant: Sized + Send + 'static {
    /// Every message that comes in.
    type Hears: MessageEnum;
    /// Every event that goes out.
    type Tells: MessageEnum;
    /// What it asks of the outside world ([`crate::Outside::Attempt`]); [`std::convert::Infallible`] if nothing.
    type Attempt: Send + 'static;

    /// Messages from which nothing follows as a rule, so that nobody waits for them: they are taken along with the next
    /// one that somebody waits for. At low load that spares most of their transactions.
    const PATIENT: &'static [&'static MessageInfo] = &[];

    /// The service's settings that decisions depend on (time limits, secrets); `()` where there are none.
    type Rules: Clone + Send + Sync + 'static;

    /// Loads what the batch touches, existing rows locked in a fixed order of tables and keys.
    fn load(
        rules: &Self::Rules,
        db: &mut Db,
        heard: &[Heard<Self::Hears>],
    ) -> impl Future<Output = sqlx::Result<Self>> + Send;

    /// Decides one message: pure, without IO, clock or randomness. What is ignored must leave no change.
    fn decide(&mut self, heard: &Heard<Self::Hears>) -> Decision<Self::Tells>;

    /// Says what is to be written. New rows by plain INSERT, never by upsert: a unique violation means that another
    /// replica was first, and the batch is taken again. New attempts are leased as they are written, within `lease`.
    ///
    /// # Errors
    /// When a value cannot be written as JSON.
    fn save(self, lease: Lease, writes: &mut Writes) -> sqlx::Result<AfterCommit<Self::Attempt>>;
}

/// Saves what was decided, in the order and the groups in which a service does it, without a journal: for the tests of
/// stores.
///
/// # Errors
/// Those of [`Participant::save`] and [`Writes::run`].
pub async fn save<P: Participant>(
    rows: P,
    lease: Lease,
    db: &mut Db,
) -> sqlx::Result<AfterCommit<P::Attempt>> {
    let mut writes = Writes::default();
    let after = rows.save(lease, &mut writes)?;
    writes.run(db).await?;
    Ok(after)
}

/// A message that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard<H> {
    /// Its id, the journal's key.
    pub id: MessageId,
    /// When its sender decided it (`ce-time`): the only time that `decide` knows.
    pub at: Timestamp,
    /// What it says.
    pub message: H,
    /// How it came here.
    pub way: Way,
}

impl<H> Heard<H> {
    /// A message of which nothing else is known.
    pub fn new(id: MessageId, at: Timestamp, message: H) -> Self {
        Self { id, at, message, way: Way::default() }
    }
}

/// How a message came here: to be shown, never to be decided by, since a repetition may come another way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Way {
    /// The message that led to it (`ce-causationid`).
    pub cause: Option<MessageId>,
    /// The trace that it belongs to, if it is traced: W3C's `trace-id`, which has the size of a UUID.
    pub trace: Option<Uuid>,
    /// When its stream stored it.
    pub stored_at: Option<Timestamp>,
    /// How often it was delivered, this time included; 0: not known.
    pub deliveries: u64,
}

/// What came of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Decision<T> {
    /// It was taken in; these facts follow from it, possibly none.
    Accept(Vec<Fact<T>>),
    /// Nothing changed and nothing follows.
    Ignore(Why),
}

impl<T> Decision<T> {
    /// Taken in, and nothing follows.
    pub const NOTED: Self = Self::Accept(Vec::new());

    /// Taken in, and one fact follows.
    pub fn tell(about: impl Into<Uuid>, message: impl Into<T>) -> Self {
        Self::Accept(vec![Fact::first(about, message)])
    }
}

/// Why a message changed nothing. All are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// What it says is known.
    Repeat,
    /// What it asks for or brings can no longer matter.
    TooLate,
    /// By the rules of the choreography it cannot be: fails the simulation, is parked as a dead letter in
    /// production. The text says what is wrong, without personal data.
    Impossible(String),
}

/// A fact that follows from a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact<T> {
    /// What it is about: the order; for facts that follow from a command alone, that command's id.
    pub about: Uuid,
    /// The how-manieth of its type about this: part of its id. Kept in the state row where it can exceed 0.
    pub count: u8,
    /// What it says.
    pub message: T,
}

impl<T> Fact<T> {
    /// The only fact of its type about this.
    pub fn first(about: impl Into<Uuid>, message: impl Into<T>) -> Self {
        Self { about: about.into(), count: 0, message: message.into() }
    }

    /// The `count`-th fact (from 0) of its type about this.
    pub fn nth(about: impl Into<Uuid>, count: u8, message: impl Into<T>) -> Self {
        Self { about: about.into(), count, message: message.into() }
    }
}

impl<T: MessageEnum> Fact<T> {
    /// Its message id: the same whenever the same fact is told.
    #[must_use]
    pub fn id(&self) -> MessageId {
        MessageId::about(self.about, self.message.info().code, self.count)
    }
}

/// What to do once the transaction is committed. None of it is needed for correctness: it is lost in a crash.
#[derive(Debug)]
pub struct AfterCommit<A> {
    /// To be published on core NATS, for whoever listens right now.
    pub live: Vec<Live>,
    /// Attempts at outside calls, for the caller ([`crate::Outside`]).
    pub attempts: Recorded<A>,
    /// To be counted and measured.
    pub counts: Counts,
}

impl<A> Default for AfterCommit<A> {
    fn default() -> Self {
        Self { live: vec![], attempts: Recorded::default(), counts: Counts::default() }
    }
}

/// A message on core NATS: it costs nothing when nobody listens.
#[derive(Debug)]
pub struct Live {
    /// Where to.
    pub subject: String,
    /// JSON.
    pub body: Vec<u8>,
}
