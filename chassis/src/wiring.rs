//! What a service says and listens to.

use contracts::MessageInfo;

/// What a service says and listens to: enough to make streams, consumers, permissions, documents and the graph.
#[derive(Debug, Clone)]
pub struct Wiring {
    /// The service's name: its NATS user, durable consumers, database and database user.
    pub name: &'static str,
    /// The messages that it hears.
    pub hears: &'static [&'static MessageInfo],
    /// The events that it tells.
    pub tells: &'static [&'static MessageInfo],
    /// The commands that its own timers send.
    pub sends: &'static [&'static MessageInfo],
    /// Where it speaks on core NATS, for whoever listens right now.
    pub live: &'static [&'static str],
    /// The subjects of the requests that it answers.
    pub answers: Vec<String>,
    /// Whether it has a database, with journal and dead letters.
    pub keeps: bool,
}
