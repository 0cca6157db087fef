//! Events that nobody hears, and messages that are heard but that nobody tells.

use super::Flock;
use contracts::{Kind, MESSAGES};
use std::collections::BTreeSet;

/// Events that no service of the flock hears, and why they are told all the same.
pub const HEARD_OUTSIDE: [(&str, &str); 6] = [
    ("order.cancel_refused", "tells the customer, through the order's timeline and whoever notifies"),
    ("order.completed", "tells the customer and the world that nothing more will happen"),
    ("order.duplicate", "tells who counts orders that one id stands for another"),
    (
        "stock.command_refused",
        "tells who keeps the stock that a receipt or an adjustment was not carried out",
    ),
    ("user.changed", "tells who speaks to customers how to reach them, and as what they may come in"),
    ("shipment.command_refused", "tells who runs the shop that a command was not carried out"),
];

/// What does not meet: an event without a reader (and without a reason in [`HEARD_OUTSIDE`]), a reason for an event
/// that has a reader, a message that is heard and never told or sent, one told by a service that does not own it, a
/// request that is asked and never answered.
#[must_use]
pub fn loose_ends(flock: &Flock) -> Vec<String> {
    let mut found = vec![];
    let heard: BTreeSet<&str> =
        flock.services.iter().flat_map(|service| service.hears).map(|info| info.subject).collect();
    let told: BTreeSet<&str> = flock
        .services
        .iter()
        .flat_map(|service| service.tells.iter().chain(service.sends))
        .chain(&flock.gateway_sends)
        .map(|info| info.subject)
        .collect();
    for info in MESSAGES {
        let subject = info.subject;
        let outside = HEARD_OUTSIDE.iter().any(|(known, _)| *known == subject);
        match (info.kind, heard.contains(subject)) {
            (Kind::Event, false) if !outside => found.push(format!("nobody hears {subject}")),
            (Kind::Command, false) => found.push(format!("nobody hears {subject}")),
            (Kind::Event, true) if outside => found.push(format!("{subject} is heard: it needs no reason")),
            (Kind::Event | Kind::Command, _) => {}
        }
        if !told.contains(subject) {
            found.push(format!("nobody tells {subject}"));
        }
    }
    for service in &flock.services {
        let foreign = service.tells.iter().filter(|info| info.owner != service.name);
        found
            .extend(foreign.map(|info| format!("{} tells {} of {}", service.name, info.subject, info.owner)));
        let commands = service.hears.iter().filter(|info| info.kind == Kind::Command);
        let foreign = commands.filter(|info| info.owner != service.name);
        found
            .extend(foreign.map(|info| format!("{} hears {} of {}", service.name, info.subject, info.owner)));
    }
    let answered: BTreeSet<&String> = flock.services.iter().flat_map(|service| &service.answers).collect();
    let unanswered = flock.gateway_asks.iter().filter(|subject| !answered.contains(subject));
    found.extend(unanswered.map(|subject| format!("nobody answers {subject}")));
    for (subject, _, _, _) in contracts::requests() {
        if !answered.iter().any(|answered| answered.as_str() == subject) {
            found.push(format!("nobody answers {subject}"));
        }
    }
    found
}
