//! Least privilege on NATS, made from the wiring: each service may tell its own events, pull and acknowledge its own
//! consumers, see how much is in their streams, answer its own requests, listen to its own inboxes; and nothing else.

use crate::{Secret, Wiring, connect::inbox_prefix, dead, provision, provision::PROVISIONER};
use contracts::STREAMS;
use std::fmt::Write;

/// The NATS user of `starling`'s operator commands.
pub const OPERATOR: &str = "operator";

/// What one user may do.
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    /// The user's name.
    pub user: String,
    /// Subjects to publish to.
    pub publish: Vec<String>,
    /// Subjects to listen to.
    pub subscribe: Vec<String>,
    /// Whether it may answer requests that reached it.
    pub responds: bool,
}

impl Permissions {
    /// A user that may publish to these subjects and listen to its own inboxes.
    #[must_use]
    pub fn of(user: &str, publish: Vec<String>) -> Self {
        let subscribe = vec![format!("{}.>", inbox_prefix(user))];
        Self { user: user.into(), publish, subscribe, responds: false }
    }

    /// What a service may do.
    #[must_use]
    pub fn of_service(wiring: &Wiring) -> Self {
        let name = wiring.name;
        let messages = wiring.tells.iter().chain(wiring.sends);
        let mut publish: Vec<String> = messages.map(|info| info.subject.to_owned()).collect();
        publish.extend(wiring.live.iter().map(ToString::to_string));
        if wiring.keeps && !wiring.hears.is_empty() {
            publish.push(dead::dead_subject(name));
        }
        for stream in provision::consumers(wiring).into_keys() {
            publish.push(format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"));
            publish.push(provision::consumer_info(stream, name));
            publish.push(format!("$JS.ACK.{stream}.{name}.>"));
            publish.push(format!("$JS.ACK.*.*.{stream}.{name}.>"));
            // How much is in it: for the gauges.
            publish.push(format!("$JS.API.STREAM.INFO.{stream}"));
        }
        let mut permissions = Self::of(name, publish);
        permissions.subscribe.extend(wiring.answers.iter().cloned());
        permissions.responds = !wiring.answers.is_empty();
        permissions
    }

    /// And to look how all streams and these consumers stand, which shows no message.
    #[must_use]
    pub fn looking_at<'w>(mut self, wirings: impl IntoIterator<Item = &'w Wiring>) -> Self {
        self.publish.extend(STREAMS.iter().map(|stream| provision::stream_info(stream.name)));
        for wiring in wirings {
            let streams = provision::consumers(wiring).into_keys();
            self.publish.extend(streams.map(|stream| provision::consumer_info(stream, wiring.name)));
        }
        self
    }

    /// What the provisioner may do: JetStream's API, and no message of the flock.
    #[must_use]
    pub fn of_provisioner() -> Self {
        Self::of(PROVISIONER, vec!["$JS.API.>".into()])
    }

    /// What the operator may do: ask every service, redrive dead letters, look at streams and consumers.
    #[must_use]
    pub fn of_operator() -> Self {
        let look = [
            "STREAM.INFO.*",
            "STREAM.NAMES",
            "STREAM.LIST",
            "STREAM.MSG.GET.*",
            "CONSUMER.INFO.>",
            "CONSUMER.LIST.*",
            "CONSUMER.NAMES.*",
        ];
        let mut publish: Vec<String> = look.iter().map(|api| format!("$JS.API.{api}")).collect();
        publish.extend(["$JS.API.INFO".into(), "req.>".into(), "cmd.*.redrive".into()]);
        Self::of(OPERATOR, publish)
    }
}

/// The `authorization` block of nats-server's configuration.
#[must_use]
pub fn auth_block(users: &[Permissions], secret: &Secret) -> String {
    let mut block = String::from("authorization {\n  users = [\n");
    for user in users {
        let password = secret.derive("nats", &user.user);
        let answers =
            if user.responds { "\n        allow_responses: { max: 1, expires: \"10s\" }" } else { "" };
        writeln!(
            block,
            "    {{\n      user: \"{}\"\n      password: \"{}\"\n      permissions: {{\n        publish: {{ allow: {} }}\n        subscribe: {{ allow: {} }}{answers}\n      }}\n    }}",
            user.user, password.expose(), list(&user.publish), list(&user.subscribe)
        )
        .expect("a String takes all");
    }
    block.push_str("  ]\n}\n");
    block
}

fn list(subjects: &[String]) -> String {
    let quoted: Vec<String> = subjects.iter().map(|subject| format!("\"{subject}\"")).collect();
    format!("[{}]", quoted.join(", "))
}
