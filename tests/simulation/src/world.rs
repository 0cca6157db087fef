//! The world: four services with all their rows in memory, what is in flight between them, and the outside.

use crate::outside::{Outside, Temper};
use chassis::{Decision, Fact, Heard, Why};
use contracts::{
    ExpireOrder, Message, MessageEnum, MessageId, OrderId, PaymentAnswered, ShipmentAnswered, Timestamp,
};
use std::time::Duration;
use uuid::Uuid;

/// A message on its way to one service.
#[derive(Debug, Clone)]
struct Letter {
    to: Service,
    id: MessageId,
    at: Timestamp,
    subject: &'static str,
    body: Vec<u8>,
}

/// Who hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Orders,
    Inventory,
    Payments,
    Shipping,
}

/// What can happen next. Numbers choose among what there is, modulo how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A message arrives.
    Deliver(u16),
    /// A message arrives, and will arrive again.
    DeliverAndKeep(u16),
    /// A due call is made and its answer published.
    Call(u16),
    /// A due call is made, the deed is done, its answer is lost.
    CallAndLose(u16),
    /// The bank decides about a pending payment and sends its webhook: in favour, or not.
    Webhook(bool),
    /// The order's deadline passes.
    Expire,
}

/// All there is.
#[derive(Default)]
pub struct World {
    /// Orders' rows.
    pub book: orders::Book,
    /// Inventory's rows.
    pub shelf: inventory::Shelf,
    /// Payments' rows.
    pub till: payments::domain::Till,
    /// Shipping's rows.
    pub dock: shipping::domain::Dock,
    /// Provider and carrier.
    pub outside: Outside,
    /// Every fact that was told: subject and about whom.
    pub told: Vec<(&'static str, Uuid, MessageId)>,
    in_flight: Vec<Letter>,
    fresh: u128,
}

impl World {
    /// An empty world whose outside has this temper.
    #[must_use]
    pub fn new(temper: Temper) -> Self {
        Self { outside: Outside::new(temper), ..Self::default() }
    }

    /// Sends a command, or an event from outside the four.
    pub fn send<M: Message>(&mut self, id: MessageId, message: &M) {
        let body = contracts::write_body(message).expect("a message can be written");
        self.route(M::INFO.subject, id, &body);
    }

    /// A fresh id, as a client makes it for each command.
    pub fn fresh_id(&mut self) -> MessageId {
        self.fresh += 1;
        MessageId(Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + (self.fresh << 16)))
    }

    /// Makes one step; a step that has nothing to choose from does nothing.
    pub fn step(&mut self, step: Step) {
        match step {
            Step::Deliver(n) => self.deliver(n, false),
            Step::DeliverAndKeep(n) => self.deliver(n, true),
            Step::Call(n) => self.call(n, false),
            Step::CallAndLose(n) => self.call(n, true),
            Step::Webhook(good) => self.webhook(good),
            Step::Expire => self.expire(),
        }
    }

    /// No more faults: everything arrives, every call is answered, every deadline passes, until nothing is left.
    ///
    /// # Panics
    /// When it does not come to rest.
    pub fn heal(&mut self) {
        for _ in 0..10_000 {
            if !self.in_flight.is_empty() {
                self.deliver(0, false);
            } else if self.calls_due() > 0 {
                self.call(0, false);
            } else if self.outside.pending().is_some() && self.till_waits() {
                self.webhook(false);
            } else if self.open_orders().next().is_some() {
                self.expire();
                assert!(!self.in_flight.is_empty(), "open, and nothing will ever happen to it");
            } else {
                return;
            }
        }
        panic!("no rest after 10,000 steps");
    }

    fn deliver(&mut self, n: u16, keep: bool) {
        if self.in_flight.is_empty() {
            return;
        }
        let index = usize::from(n) % self.in_flight.len();
        // Kept once more only while there is little, or a schedule of keeps would never end.
        let letter = if keep && self.in_flight.len() < 50 {
            self.in_flight[index].clone()
        } else {
            self.in_flight.remove(index)
        };
        match letter.to {
            Service::Orders => {
                let heard = read(&letter);
                self.conclude(&letter, |world| world.book.decide(&heard));
            }
            Service::Inventory => {
                let heard = read(&letter);
                self.conclude(&letter, |world| chassis::Participant::decide(&mut world.shelf, &heard));
            }
            Service::Payments => {
                let heard = read(&letter);
                self.conclude(&letter, |world| world.till.decide(&heard));
            }
            Service::Shipping => {
                let heard = read(&letter);
                self.conclude(&letter, |world| shipping::domain::decide(&mut world.dock, &heard));
            }
        }
    }

    fn conclude<T: MessageEnum>(&mut self, letter: &Letter, decide: impl FnOnce(&mut Self) -> Decision<T>) {
        match decide(self) {
            Decision::Accept(facts) => facts.iter().for_each(|fact| self.tell(fact)),
            Decision::Ignore(Why::Repeat | Why::TooLate) => {}
            Decision::Ignore(Why::Impossible(why)) => {
                panic!(
                    "{} to {:?} is impossible: {why}\ntold so far: {:#?}",
                    letter.subject,
                    letter.to,
                    self.subjects()
                )
            }
        }
    }

    fn tell<T: MessageEnum>(&mut self, fact: &Fact<T>) {
        let (info, body) = (fact.message.info(), fact.message.write().expect("a fact can be written"));
        // No journal here: the states alone must know a repetition. But for refusals, which change no state; the
        // journal and their ids keep them from being heard twice.
        if self.told.iter().any(|(_, _, id)| *id == fact.id()) {
            assert!(
                info.subject.ends_with(".command_refused"),
                "{} told twice: {:#?}",
                info.subject,
                self.subjects()
            );
            return;
        }
        self.told.push((info.subject, fact.about, fact.id()));
        self.route(info.subject, fact.id(), &body);
    }

    /// To everyone who listens to it, as their wiring says.
    fn route(&mut self, subject: &'static str, id: MessageId, body: &[u8]) {
        let hears = |infos: &[&contracts::MessageInfo]| infos.iter().any(|info| info.subject == subject);
        let listeners = [
            (Service::Orders, hears(orders::Hears::INFOS)),
            (Service::Inventory, hears(inventory::Hears::INFOS)),
            (Service::Payments, hears(payments::Hears::INFOS)),
            (Service::Shipping, hears(shipping::Hears::INFOS)),
        ];
        for (to, _) in listeners.into_iter().filter(|(_, hears)| *hears) {
            self.in_flight.push(Letter { to, id, at: now(), subject, body: body.to_vec() });
        }
    }

    fn calls_due(&self) -> usize {
        self.outside.due(&self.till, &self.dock).len()
    }

    fn call(&mut self, n: u16, lose: bool) {
        let due = self.outside.due(&self.till, &self.dock);
        if due.is_empty() {
            return;
        }
        let call = due[usize::from(n) % due.len()];
        match self.outside.call(&mut self.till, &mut self.dock, call) {
            _ if lose => {}
            crate::outside::Answered::Payment(order, answered) => {
                let id = MessageId::about(order.0, PaymentAnswered::INFO.code, call.number());
                self.send(id, &answered);
            }
            crate::outside::Answered::Shipment(order, answered) => {
                let id = MessageId::about(order.0, ShipmentAnswered::INFO.code, call.number());
                self.send(id, &answered);
            }
        }
    }

    fn webhook(&mut self, good: bool) {
        if let Some(webhook) = self.outside.decide_pending(&self.till.rules, good, now()) {
            let id = self.fresh_id();
            self.send(id, &webhook);
        }
    }

    fn till_waits(&self) -> bool {
        self.till
            .accounts
            .iter()
            .any(|(_, account)| account.attempts.iter().any(|(_, attempt)| attempt.is_live_charge()))
    }

    fn open_orders(&self) -> impl Iterator<Item = (OrderId, Timestamp)> + '_ {
        self.book.orders.iter().filter_map(|(id, row)| match &row.known {
            orders::domain::Known::Placed(order) if order.is_open() => Some((*id, order.deadline)),
            orders::domain::Known::Placed(_)
            | orders::domain::Known::Alias(_)
            | orders::domain::Known::Awaited(_) => None,
        })
    }

    fn expire(&mut self) {
        let open: Vec<_> = self.open_orders().collect();
        for (order_id, due_at) in open {
            let id = MessageId::named(&["order.expire", &order_id.to_string(), &due_at.to_string()]);
            self.send(id, &ExpireOrder { order_id, due_at });
        }
    }

    /// The subjects of all facts told so far.
    #[must_use]
    pub fn subjects(&self) -> Vec<&'static str> {
        self.told.iter().map(|(subject, ..)| *subject).collect()
    }

    /// How often an event was told.
    #[must_use]
    pub fn count(&self, subject: &str) -> usize {
        self.told.iter().filter(|(told, ..)| *told == subject).count()
    }
}

/// The world's clock stands still: times come from messages, and nothing here depends on their passing.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000).plus(Duration::ZERO)
}

fn read<H: MessageEnum>(letter: &Letter) -> Heard<H> {
    let message = H::read(letter.subject, &letter.body).expect("what one service writes another reads");
    Heard { id: letter.id, at: letter.at, message }
}
