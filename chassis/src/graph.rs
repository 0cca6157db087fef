//! The choreography as a graph, made from the wiring: who tells what to whom.

use crate::Wiring;
use contracts::MessageInfo;

/// Who sends a message: `gateway` if it is among what that one sends, then the services that tell it or whose timers send
/// it.
#[must_use]
pub fn senders(
    services: &[Wiring],
    (gateway, sends): (&'static str, &[&MessageInfo]),
    info: &MessageInfo,
) -> Vec<&'static str> {
    let says = |list: &[&MessageInfo]| list.iter().any(|said| said.subject == info.subject);
    let services = services.iter().filter(|service| says(service.tells) || says(service.sends));
    says(sends).then_some(gateway).into_iter().chain(services.map(|service| service.name)).collect()
}

/// The services that hear a message.
#[must_use]
pub fn hearers(services: &[Wiring], info: &MessageInfo) -> Vec<&'static str> {
    let hears = |service: &&Wiring| service.hears.iter().any(|heard| heard.subject == info.subject);
    services.iter().filter(hears).map(|service| service.name).collect()
}
