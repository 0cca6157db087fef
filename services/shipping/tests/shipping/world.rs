//! A small world for the laws: one dock in memory, a carrier's books, answers under way.

use crate::given::*;
use chassis::{Decision, Heard};
use contracts::*;
use proptest::sample::Index;
use shipping::{
    Hears, Tells,
    domain::{AttemptState, Dock, Purpose, State, decide},
};
use std::collections::{BTreeMap, BTreeSet};

/// Orders 0 to 2 can be delivered, 1 and 2 in slots; 3 is refused by the carrier, 4 not served.
pub const ORDERS: u8 = 5;
const REFUSED: u8 = 3;
const NOT_SERVED: u8 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Created,
    Captured,
    Surplus,
    Cancelled,
    CancelRequested,
    Confirmed,
    Dispatch,
    Deliver,
}

pub const KINDS: &[Kind] = &[
    Kind::Created,
    Kind::Captured,
    Kind::Surplus,
    Kind::Cancelled,
    Kind::CancelRequested,
    Kind::Confirmed,
    Kind::Dispatch,
    Kind::Deliver,
];

#[derive(Debug, Clone)]
pub enum Step {
    /// A message comes, for the first time or again.
    Hear(u8, Kind),
    /// An order's open attempt is called.
    Call(u8),
    /// An open attempt is called, and the caller dies before it can tell the answer.
    CallAndCrash(Index),
    /// An answer comes, for the first time or again.
    Answer(Index),
}

#[derive(Default)]
struct Books {
    booked: BTreeMap<OrderId, Text<64>>,
    voided: BTreeSet<OrderId>,
}

pub struct World {
    pub dock: Dock,
    books: Books,
    answers: Vec<ShipmentAnswered>,
    told: BTreeMap<MessageId, Tells>,
    called_off: BTreeSet<OrderId>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            dock: dock(),
            books: Books::default(),
            answers: vec![],
            told: BTreeMap::new(),
            called_off: BTreeSet::new(),
        }
    }
}

pub fn message(number: u8, kind: Kind) -> Hears {
    let order_id = order(number);
    match kind {
        Kind::Created => {
            let (code, slot) = match number {
                0 | REFUSED => ("GB", None),
                1 => ("JP", Some("am")),
                NOT_SERVED => ("AQ", None),
                _ => ("JP", None),
            };
            created(order_id, address(code, None, "1 Main Street"), slot).into()
        }
        Kind::Captured => captured(order_id, false).into(),
        Kind::Surplus => captured(order_id, true).into(),
        Kind::Cancelled => cancelled(order_id).into(),
        Kind::CancelRequested => OrderCancelRequested { order_id }.into(),
        Kind::Confirmed => confirmed(order_id).into(),
        Kind::Dispatch => DispatchShipment { order_id }.into(),
        Kind::Deliver => DeliverShipment { order_id }.into(),
    }
}

impl World {
    /// Each message once, for each order that it can be about: orders confirms only what was scheduled.
    pub fn whole_story(kinds: &[Kind]) -> Vec<Step> {
        let all = (0..ORDERS).flat_map(|order| kinds.iter().map(move |kind| (order, *kind)));
        all.filter(|(order, kind)| *kind != Kind::Confirmed || *order < REFUSED)
            .map(|(order, kind)| Step::Hear(order, kind))
            .collect()
    }

    pub fn step(&mut self, step: &Step) {
        match step {
            Step::Hear(number, kind) => self.hear(&heard(order(*number), message(*number, *kind))),
            Step::Call(number) => {
                let open = self.open().into_iter().find(|(of, _)| *of == order(*number));
                if let Some(answer) = open.map(|key| self.call(key)) {
                    self.answers.push(answer);
                }
            }
            Step::CallAndCrash(which) => {
                let open = self.open();
                if !open.is_empty() {
                    self.call(*which.get(&open));
                }
            }
            Step::Answer(which) => {
                if !self.answers.is_empty() {
                    let answer = which.get(&self.answers).clone();
                    self.hear(&heard(answer.order_id, answer));
                }
            }
        }
    }

    /// Until nothing is under way any more.
    pub fn rest(&mut self) {
        for _ in 0..4 {
            for key in self.open() {
                let answer = self.call(key);
                self.answers.push(answer);
            }
            for answer in self.answers.clone() {
                self.hear(&heard(answer.order_id, answer));
            }
        }
        assert!(self.open().is_empty(), "attempts stay open: {:?}", self.open());
    }

    /// What holds once nothing is under way.
    #[track_caller]
    pub fn at_rest(&self) {
        for (order, shipment) in self.dock.shipments.iter() {
            let live = self.books.booked.get(order).filter(|_| !self.books.voided.contains(order));
            // The carrier has exactly what shipping believes it has.
            assert_eq!(
                live,
                shipment.state.parcel().map(|parcel| &parcel.tracking),
                "{order} is {shipment:?}"
            );
            if self.called_off.contains(order) {
                assert!(!shipment.state.is_live(), "{order} was called off and is {:?}", shipment.state);
            }
        }
    }

    pub fn ends(&self) -> Vec<&'static str> {
        self.dock.shipments.iter().map(|(_, shipment)| shipment.state.name()).collect()
    }

    fn open(&self) -> Vec<(OrderId, i16)> {
        let open = self.dock.attempts.iter();
        open.filter(|(_, attempt)| matches!(attempt.state, AttemptState::Due | AttemptState::Leased))
            .map(|(key, _)| *key)
            .collect()
    }

    /// The carrier is asked: the same key, the same answer.
    fn call(&mut self, key: (OrderId, i16)) -> ShipmentAnswered {
        let attempt = self.dock.attempts.change(&key).unwrap();
        attempt.state = AttemptState::Leased;
        attempt.calls += 1;
        let answer = match attempt.purpose {
            Purpose::Void { .. } => {
                self.books.voided.insert(key.0);
                CarrierAnswer::Voided
            }
            Purpose::Book if key.0 == order(REFUSED) => CarrierAnswer::Refused,
            Purpose::Book => {
                assert_eq!(key.1, 1, "a second booking of {}", key.0);
                let tracking: Text<64> = text(&format!("SB{}", key.0));
                self.books.booked.insert(key.0, tracking.clone());
                CarrierAnswer::Booked { tracking }
            }
        };
        answered(key.0, i32::from(key.1), answer)
    }

    fn hear(&mut self, heard: &Heard<Hears>) {
        let before = self.dock.clone();
        let decision = decide(&mut self.dock, heard);
        match &decision {
            Decision::Ignore(_) => {
                assert_eq!(self.dock, before, "{heard:?} is ignored, and something changed")
            }
            Decision::Accept(facts) => {
                for fact in facts {
                    let again = self.told.insert(fact.id(), fact.message.clone());
                    // Only a refusal can come again: of a command that is delivered again.
                    let refusal = matches!(fact.message, Tells::ShipmentCommandRefused(_));
                    assert!(again.is_none() || refusal, "{heard:?} is told twice");
                }
            }
        }
        self.again_changes_nothing(heard);
        self.note_calling_off(heard, &decision, &before);
    }

    /// Without the journal's help.
    fn again_changes_nothing(&self, heard: &Heard<Hears>) {
        let mut again = self.dock.clone();
        match decide(&mut again, heard) {
            Decision::Ignore(_) => {}
            Decision::Accept(facts) => {
                let refused =
                    |fact: &chassis::Fact<_>| matches!(fact.message, Tells::ShipmentCommandRefused(_));
                assert!(facts.iter().all(refused), "{heard:?} is taken in twice");
            }
        }
        assert_eq!(again, self.dock, "{heard:?} changes something when it comes again");
    }

    fn note_calling_off(&mut self, heard: &Heard<Hears>, decision: &Decision<Tells>, before: &Dock) {
        let order_id = match &heard.message {
            Hears::OrderCancelled(message) => message.order_id,
            Hears::OrderCancelRequested(message) => message.order_id,
            Hears::OrderCreated(_)
            | Hears::PaymentCaptured(_)
            | Hears::ShipmentAnswered(_)
            | Hears::OrderConfirmed(_)
            | Hears::DispatchShipment(_)
            | Hears::DeliverShipment(_)
            | Hears::UserDeleted(_) => return,
        };
        let left = before
            .shipments
            .get(&order_id)
            .is_some_and(|shipment| matches!(shipment.state, State::Dispatched(_) | State::Delivered(_)));
        if left {
            assert!(matches!(decision, Decision::Ignore(_)), "what left is not called off");
        } else {
            self.called_off.insert(order_id);
        }
    }
}
