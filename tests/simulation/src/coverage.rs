//! Which (service, state, event) pairs were reached.
//!
//! The pairs are made of each service's states and of what it hears, so a new state or a new event is one that must be
//! reached, or be given a reason in [`UNREACHABLE`] why it can't.

mod unreachable;

pub use unreachable::UNREACHABLE;

use crate::{
    part::{Part, Service},
    parts::{Inventory, Orders, Payments, Shipping},
};
use contracts::{MessageEnum, MessageInfo};

/// How often each pair was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage([Vec<u64>; 4]);

/// The states and the events of a service.
type Table = (Service, &'static [&'static str], &'static [&'static MessageInfo]);

const fn table<P: Part>() -> Table {
    (P::SERVICE, P::STATES, <P::Hears as MessageEnum>::INFOS)
}

const TABLES: [Table; 4] =
    [table::<Orders>(), table::<Inventory>(), table::<Payments>(), table::<Shipping>()];

impl Default for Coverage {
    fn default() -> Self {
        Self(TABLES.map(|(_, states, events)| vec![0; states.len() * events.len()]))
    }
}

impl Coverage {
    /// A message met an order in this state.
    pub fn mark(&mut self, service: Service, state: usize, event: &'static MessageInfo) {
        let (_, _, events) = TABLES[service as usize];
        if let Some(at) = events.iter().position(|known| known.code == event.code) {
            self.0[service as usize][state * events.len() + at] += 1;
        }
    }

    /// Adds what another run reached.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().flatten().zip(other.0.iter().flatten()) {
            *mine += theirs;
        }
    }

    /// Every pair, with how often it was reached.
    pub fn pairs(&self) -> impl Iterator<Item = (Pair, u64)> + '_ {
        TABLES.into_iter().zip(&self.0).flat_map(|((service, states, events), counts)| {
            let pairs = states.iter().flat_map(move |state| events.iter().map(move |event| (state, event)));
            pairs.zip(counts).map(move |((state, event), count)| {
                (Pair { service: service.name(), state, event: event.subject }, *count)
            })
        })
    }

    /// What speaks against this run: pairs that were not reached although they can be, and the other way round.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let fault = |(pair, count): (Pair, u64)| match (UNREACHABLE.iter().find(|u| u.holds(&pair)), count) {
            (None, 0) => Some(format!("{pair} was never reached")),
            (Some(why), 1..) => {
                Some(format!("{pair} was reached {count} times, though it is said: {}", why.reason))
            }
            (None, 1..) | (Some(_), 0) => None,
        };
        self.pairs().filter_map(fault).collect()
    }

    /// Pairs reached, pairs that can be.
    #[must_use]
    pub fn reached(&self) -> (usize, usize) {
        let reachable = || self.pairs().filter(|(pair, _)| !UNREACHABLE.iter().any(|u| u.holds(pair)));
        (reachable().filter(|(_, count)| *count > 0).count(), reachable().count())
    }
}

/// A state of an order in a service, and what it hears then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Where.
    pub service: &'static str,
    /// In which state.
    pub state: &'static str,
    /// What is heard: the subject.
    pub event: &'static str,
}

impl std::fmt::Display for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} in {}", self.service, self.event, self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::Message;

    #[test]
    fn a_hole_is_a_fault_and_so_is_what_cannot_be() {
        let mut coverage = Coverage::default();
        let (_, all) = coverage.reached();
        assert_eq!(coverage.faults().len(), all, "nothing was reached yet");
        coverage.mark(Service::Inventory, 1, contracts::ShipmentDispatched::INFO);
        assert_eq!(coverage.reached(), (1, all));
        assert!(coverage.faults().iter().all(|fault| !fault.contains("shipment.dispatched in reserved")));
        coverage.mark(Service::Inventory, 2, contracts::ShipmentDispatched::INFO);
        let fault = "inventory: shipment.dispatched in rejected was reached 1 times";
        assert!(coverage.faults().iter().any(|found| found.starts_with(fault)));
    }

    #[test]
    fn every_reason_is_about_pairs_that_there_are() {
        let pairs: Vec<Pair> = Coverage::default().pairs().map(|(pair, _)| pair).collect();
        for reason in UNREACHABLE {
            let held = pairs.iter().filter(|pair| reason.holds(pair)).count();
            assert_eq!(held, reason.named(), "{}", reason.reason);
        }
    }
}
