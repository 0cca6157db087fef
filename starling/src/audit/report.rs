//! What an audit found.

use chassis::telemetry::Gauge;
use serde::Serialize;
use std::{collections::BTreeMap, fmt::Display};

/// The most offenders of one check that are printed; JSON has all.
const PRINTED: usize = 20;

/// The laws of the choreography that can be seen from outside (the sixth, that redelivery changes nothing, is the
/// tests').
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Law {
    /// 1: no SKU is sold beyond its stock.
    Stock,
    /// 2: money is where it belongs.
    Money,
    /// 3: every accepted order is settled.
    Settled,
    /// 4: one live shipment for a confirmed order, none for a cancelled one.
    Shipments,
    /// 5: one document for each payment event.
    Log,
}

static FINDINGS: Gauge =
    Gauge::new("starling.audit.findings", "{finding}", "What broke a law at the last audit");

impl Law {
    /// All of them.
    const ALL: [Self; 5] = [Self::Stock, Self::Money, Self::Settled, Self::Shipments, Self::Log];

    /// Its name in metrics.
    const fn word(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Money => "money",
            Self::Settled => "settled",
            Self::Shipments => "shipments",
            Self::Log => "log",
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Stock => 1,
            Self::Money => 2,
            Self::Settled => 3,
            Self::Shipments => 4,
            Self::Log => 5,
        }
    }
}

/// One thing that was checked.
#[derive(Debug, Serialize)]
pub struct Check {
    /// Which law it belongs to.
    pub law: Law,
    /// What must hold.
    pub name: &'static str,
    /// How many orders, SKUs, slots, events were looked at.
    pub looked_at: usize,
    /// What breaks it: order (or SKU, slot, event) and why.
    pub offenders: Vec<(String, String)>,
    /// What breaks nothing, but a person should know.
    pub notes: Vec<(String, String)>,
}

impl Check {
    /// Begins.
    #[must_use]
    pub const fn new(law: Law, name: &'static str) -> Self {
        Self { law, name, looked_at: 0, offenders: vec![], notes: vec![] }
    }

    /// `who` breaks it.
    pub fn offends(&mut self, who: impl Display, why: impl Into<String>) {
        self.offenders.push((who.to_string(), why.into()));
    }

    /// `who` is fine, but should be seen to.
    pub fn note(&mut self, who: impl Display, why: impl Into<String>) {
        self.notes.push((who.to_string(), why.into()));
    }

    /// Whether nothing breaks it.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.offenders.is_empty()
    }
}

/// All that was checked.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Law by law.
    pub checks: Vec<Check>,
    /// Messages that services gave up on and nobody redrove, by service: no law is broken by them, but what they say
    /// is not done.
    pub dead_letters: BTreeMap<&'static str, i64>,
}

impl Report {
    /// Adds checks.
    pub fn add(&mut self, checks: Vec<Check>) {
        self.checks.extend(checks);
    }

    /// Whether all laws hold.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.checks.iter().all(Check::holds)
    }

    /// How many offenders there are of each law, as a metric.
    pub fn measure(&self) {
        for law in Law::ALL {
            let of_it = self.checks.iter().filter(|check| check.law == law);
            let offenders: usize = of_it.map(|check| check.offenders.len()).sum();
            FINDINGS.set(offenders as u64, [("law", law.word())]);
        }
    }

    /// For people.
    pub fn print(&self) {
        for check in &self.checks {
            let verdict = if check.holds() { "holds " } else { "BROKEN" };
            println!("{verdict} {}  {} ({})", check.law.number(), check.name, check.looked_at);
            list(&check.offenders);
            if !check.notes.is_empty() {
                println!("       to be seen to:");
                list(&check.notes);
            }
        }
        for (service, letters) in &self.dead_letters {
            println!("note: {letters} dead letters of {service}: `starling dead list {service}`");
        }
        println!("{}", if self.holds() { "all laws hold" } else { "laws are broken" });
    }
}

fn list(things: &[(String, String)]) {
    for (who, why) in things.iter().take(PRINTED) {
        println!("       {who}: {why}");
    }
    if things.len() > PRINTED {
        println!("       and {} more", things.len() - PRINTED);
    }
}
