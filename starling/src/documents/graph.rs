//! The picture of the choreography: who tells what to whom, as a Mermaid flowchart made from the wiring.

use super::{Flock, HEARD_OUTSIDE};
use chassis::graph;
use contracts::{Kind, MessageInfo};
use std::{collections::BTreeMap, fmt::Write};

/// The page `contracts/choreography.md`.
pub fn page(flock: &Flock) -> String {
    let mut page = String::from(
        "<!-- Made by `starling contracts --write` from the services' wiring. Do not edit. -->\n\
         # Who tells what to whom\n\n\
         ## Events\n\
         An arrow is a service's durable consumer on the events of another. Nobody calls anybody.\n\n",
    );
    page.push_str(&chart(&arrows(flock, Kind::Event)));
    page.push_str(
        "\n## Commands\nWhat is wished for, and by whom: the gateway, or a service's own timers.\n\n",
    );
    page.push_str(&chart(&arrows(flock, Kind::Command)));
    page.push_str(
        "\n## Requests\nAsked by the gateway and the operator only, over core NATS request-reply.\n\n",
    );
    page.push_str("| service | answers |\n|---|---|\n");
    for service in &flock.services {
        let answers: Vec<String> = service.answers.iter().map(|subject| format!("`{subject}`")).collect();
        if !answers.is_empty() {
            line(&mut page, &format!("| {} | {} |", service.name, answers.join(", ")));
        }
    }
    page.push_str("\n## Each service\n");
    for service in &flock.services {
        line(&mut page, &format!("\n### {}", service.name));
        line(&mut page, &format!("- hears: {}", subjects(service.hears)));
        line(&mut page, &format!("- tells: {}", subjects(service.tells)));
        if !service.sends.is_empty() {
            line(&mut page, &format!("- its timers send: {}", subjects(service.sends)));
        }
    }
    page.push_str("\n## Events that no service hears\n| event | why it is told |\n|---|---|\n");
    for (subject, why) in HEARD_OUTSIDE {
        line(&mut page, &format!("| `{subject}` | {why} |"));
    }
    page
}

/// Subjects by sender and receiver. What a service tells itself is an arrow to itself.
fn arrows(flock: &Flock, kind: Kind) -> BTreeMap<(&'static str, &'static str), Vec<&'static str>> {
    let mut arrows: BTreeMap<_, Vec<&'static str>> = BTreeMap::new();
    for receiver in &flock.services {
        for info in receiver.hears.iter().filter(|info| info.kind == kind) {
            for sender in graph::senders(&flock.services, (gateway::NAME, &flock.gateway_sends), info) {
                arrows.entry((sender, receiver.name)).or_default().push(info.subject);
            }
        }
    }
    arrows
}

fn chart(arrows: &BTreeMap<(&'static str, &'static str), Vec<&'static str>>) -> String {
    let mut chart = String::from("```mermaid\nflowchart LR\n");
    for ((sender, receiver), subjects) in arrows {
        let arrow = format!(
            "  {}[{sender}] -- \"{}\" --> {}[{receiver}]",
            node(sender),
            subjects.join("<br/>"),
            node(receiver)
        );
        line(&mut chart, &arrow);
    }
    chart.push_str("```\n");
    chart
}

/// Mermaid's ids know no dash.
fn node(name: &str) -> String {
    name.replace('-', "_")
}

fn subjects(infos: &[&MessageInfo]) -> String {
    let names: Vec<String> = infos.iter().map(|info| format!("`{}`", info.subject)).collect();
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

fn line(page: &mut String, text: &str) {
    writeln!(page, "{text}").expect("a String takes all");
}
