//! What goes wrong in a seed, and how often. Some seeds are calm, some are wild, some have one kind of fault only.

use crate::{
    part::{Part, Service},
    parts::{Inventory, Orders, Payments, Shipping},
    random::Random,
};
use contracts::MessageEnum;

/// Rates, in times per thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// A message is taken out of turn.
    pub reordered: u16,
    /// A service is killed with whatever it has in hand. (Of steps.)
    pub crash: u16,
    /// A message that is being worked on is delivered again: its time ran out. (Of steps.)
    pub redelivered: u16,
    /// A message goes to a process that hangs, until its time runs out.
    pub stalled: u16,
    /// An acknowledgement is lost.
    pub ack_lost: u16,
    /// What is published does not arrive.
    pub not_published: u16,
    /// What is published arrives, but its publisher does not learn it.
    pub publish_unknown: u16,
    /// The stream no longer knows an id that it had.
    pub id_forgotten: u16,
    /// A client sends its command a second time, under the same id.
    pub resent: u16,
    /// A call never reaches the outside.
    pub call_lost: u16,
    /// The outside does it, and its answer is lost.
    pub answer_lost: u16,
    /// A call is given up as timed out while it is under way. (Of steps.)
    pub timeout: u16,
    /// A lease runs out while its call is under way, so that the same call is made twice at once. (Of steps.)
    pub lease_lost: u16,
    /// A message cannot be stored, and becomes a dead letter.
    pub poison: u16,
    /// A deadline passes. (Of steps.)
    pub deadline: u16,
    /// The bank decides, or says again what it decided. (Of steps.)
    pub bank: u16,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        reordered: 0,
        crash: 0,
        redelivered: 0,
        stalled: 0,
        ack_lost: 0,
        not_published: 0,
        publish_unknown: 0,
        id_forgotten: 0,
        resent: 0,
        call_lost: 0,
        answer_lost: 0,
        timeout: 0,
        lease_lost: 0,
        poison: 0,
        deadline: 0,
        bank: 0,
    };

    /// Those of a seed.
    #[must_use]
    pub fn of(random: &mut Random) -> Self {
        let mut faults = Self { bank: 20, ..Self::NONE };
        match random.below(8) {
            0 => {}
            1 | 2 => {
                let kind = random.below(faults.kinds().len());
                let rate = rate(random, 300);
                *faults.kinds()[kind].0 = rate;
            }
            3 | 4 => faults.kinds().into_iter().for_each(|(kind, most)| *kind = rate(random, most / 3)),
            _ => faults.kinds().into_iter().for_each(|(kind, most)| *kind = rate(random, most)),
        }
        faults
    }

    /// Every kind with its highest rate.
    fn kinds(&mut self) -> [(&mut u16, u16); 16] {
        [
            (&mut self.reordered, 1000),
            (&mut self.crash, 40),
            (&mut self.redelivered, 60),
            (&mut self.stalled, 150),
            (&mut self.ack_lost, 250),
            (&mut self.not_published, 250),
            (&mut self.publish_unknown, 250),
            (&mut self.id_forgotten, 500),
            (&mut self.resent, 250),
            (&mut self.call_lost, 250),
            (&mut self.answer_lost, 250),
            (&mut self.timeout, 40),
            (&mut self.lease_lost, 20),
            (&mut self.poison, 30),
            (&mut self.deadline, 15),
            (&mut self.bank, 60),
        ]
    }
}

/// What makes the rarest meetings when it comes late.
const TELLING: [(Service, &str); 10] = [
    (Service::Orders, "cmd.order.expire"),
    (Service::Orders, "payment.pending"),
    (Service::Orders, "payment.declined"),
    (Service::Orders, "payment.voided"),
    (Service::Orders, "payment.refund_failed"),
    (Service::Orders, "shipment.held"),
    (Service::Orders, "shipment.dispatched"),
    (Service::Orders, "shipment.cancelled"),
    (Service::Orders, "shipment.scheduled"),
    (Service::Shipping, "order.cancel_requested"),
];

/// Up to four types of messages that come late to one service, in every other seed.
pub fn tardy(random: &mut Random) -> Vec<(Service, &'static str)> {
    fn of<P: Part>(random: &mut Random) -> (Service, &'static str) {
        (P::SERVICE, random.pick(<P::Hears as MessageEnum>::INFOS).subject)
    }
    if random.chance(500) {
        return vec![];
    }
    let one = |random: &mut Random| match random.below(8) {
        0 => of::<Orders>(random),
        1 => of::<Inventory>(random),
        2 => of::<Payments>(random),
        3 => of::<Shipping>(random),
        _ => random.pick(&TELLING),
    };
    (0..=random.below(4)).map(|_| one(random)).collect()
}

fn rate(random: &mut Random, most: u16) -> u16 {
    u16::try_from(random.below(usize::from(most) + 1)).unwrap_or(most)
}
