//! What every service needs and none owns: the batch runtime around a pure core.
//!
//! A service says in its `lib.rs` what it is ([`Service`]); its rules are a [`Participant`]. Everything between
//! NATS and `decide` and between `decide` and Postgres is here.

mod answer;
mod batch;
mod breaker;
mod caller;
pub mod clock;
pub mod connect;
mod dead;
mod delivery;
mod failed;
mod gauges;
pub mod graph;
mod handover;
mod health;
pub mod https;
mod in_flight;
mod journal;
mod journal_reader;
mod lane;
mod leave;
pub mod leavers;
mod listener;
mod outgoing;
mod outside;
mod participant;
mod parts;
mod patience;
pub mod permissions;
pub mod provision;
mod publish;
mod publisher;
mod puller;
mod redrive;
mod rows;
mod secret;
mod service;
pub mod settings;
pub mod signature;
mod spans;
mod sweep;
mod tasks;
pub mod telemetry;
mod temper;
mod trails;
mod transaction;
mod wiring;
mod writes;

pub use answer::{Ctx, Fault};
pub use dead::{
    DeadLetter, DeadPlace, ListDead, MOST_LISTED, Redrive, ShowDead, dead_subject, list_subject,
    redrive_subject, show_subject,
};
pub use delivery::message_id;
pub use handover::{Lease, Recorded};
pub use health::Health;
pub use journal_reader::JournalReader;
pub use listener::{Listener, Record};
pub use outgoing::Outgoing;
pub use outside::{CallFailed, CallLimits, Outside};
pub use participant::{AfterCommit, Decision, Fact, Heard, Live, Participant, Way, Why, save};
pub use publish::PublishError;
pub use publisher::Publisher;
pub use rows::Rows;
pub use secret::Secret;
pub use service::Service;
pub use sweep::Sweep;
pub use tasks::Tasks;
pub use temper::Temper;
pub use wiring::Wiring;
pub use writes::{Statement, Writes};

/// The database connection that a participant loads and saves with: inside the batch's transaction.
pub type Db = sqlx::PgConnection;
