//! A service as the chassis runs it: its database, its journal, its durable consumer, its replicas.

mod replica;
mod transaction;

use crate::{air::Air, broken::Broken, letter::Letter, part::Part};
use contracts::MessageId;
use replica::{Delivery, Replica};
use std::{collections::BTreeMap, rc::Rc};

/// A journal row: what came of a message.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// Told again when the message comes again.
    pub outputs: Vec<Rc<Letter>>,
    /// It was given up.
    pub dead: bool,
}

/// A service.
pub struct Desk<P: Part> {
    /// Its database.
    pub tables: P::Tables,
    /// In the same database.
    pub journal: BTreeMap<MessageId, Entry>,
    /// Dead letters that nobody asked to redrive yet.
    pub dead: Vec<Rc<Letter>>,
    /// All that was ever in its consumer.
    pub heard: Vec<Rc<Letter>>,
    /// Dead letters, all.
    pub buried: BTreeMap<MessageId, Rc<Letter>>,
    waiting: Vec<Delivery>,
    /// Delivered and not acknowledged.
    out: Vec<Delivery>,
    replicas: Vec<Replica<P>>,
    sequence: u32,
}

impl<P: Part> Desk<P> {
    /// With these tables and so many replicas, that take so many messages at once.
    pub fn new(tables: P::Tables, replicas: usize, batch: usize) -> Self {
        Self {
            tables,
            journal: BTreeMap::new(),
            dead: vec![],
            heard: vec![],
            buried: BTreeMap::new(),
            waiting: vec![],
            out: vec![],
            replicas: (0..replicas).map(|_| Replica::new(batch)).collect(),
            sequence: 0,
        }
    }

    /// A message is in a stream that this service may listen to.
    pub fn offer(&mut self, letter: &Rc<Letter>, air: &mut Air) {
        if letter.is_for(P::SERVICE) {
            self.sequence += 1;
            self.heard.push(Rc::clone(letter));
            let delivery = Delivery { sequence: self.sequence, again: false, letter: Rc::clone(letter) };
            if air.is_tardy(P::SERVICE, letter) || air.random.chance(air.faults.stalled) {
                let name = P::SERVICE.name();
                air.note(16, Some(letter), || format!("{} is stalled on its way to {name}", letter.name()));
                self.out.push(delivery);
            } else {
                self.waiting.push(delivery);
            }
        }
    }

    /// One step of a replica; false if it has nothing to do, or waits for another's locks.
    ///
    /// # Errors
    /// The law that the step breaks.
    pub fn advance(&mut self, replica: usize, air: &mut Air) -> Result<bool, Broken> {
        let n = replica % self.replicas.len();
        let Replica { work, finished, .. } = &self.replicas[n];
        let can_work =
            work.is_some() || (!self.waiting.is_empty() && finished.len() < replica::PUBLISH_AHEAD);
        if !finished.is_empty() && (!can_work || air.random.chance(500)) {
            self.publish_or_acknowledge(n, air);
            return Ok(true);
        }
        if can_work && self.work(n, air)? {
            return Ok(true);
        }
        if self.replicas[n].finished.is_empty() {
            return Ok(false);
        }
        self.publish_or_acknowledge(n, air);
        Ok(true)
    }

    /// A replica is killed.
    pub fn crash(&mut self, replica: usize, air: &mut Air) {
        let n = replica % self.replicas.len();
        if self.replicas[n].is_idle() {
            return;
        }
        let lost = self.replicas[n].in_hand();
        let name = P::SERVICE.name();
        for letter in &lost {
            air.note(10, Some(letter), || format!("{name}/{n} is killed with {} in hand", letter.name()));
        }
        self.replicas[n].forget();
    }

    /// A delivered message's time runs out: it will be delivered again.
    pub fn redeliver(&mut self, which: usize, air: &mut Air) {
        if self.out.is_empty() {
            return;
        }
        let mut delivery = self.out.remove(which % self.out.len());
        delivery.again = true;
        let (letter, name) = (Rc::clone(&delivery.letter), P::SERVICE.name());
        air.note(11, Some(&letter), || format!("{} is delivered to {name} again", letter.name()));
        self.waiting.push(delivery);
    }

    /// Something that was delivered and that nobody works on any more is delivered again; false if there is none.
    pub fn redeliver_lost(&mut self, air: &mut Air) -> bool {
        if self.out.is_empty() || self.replicas.iter().any(|replica| !replica.is_idle()) {
            return false;
        }
        let which = air.random.below(self.out.len());
        self.redeliver(which, air);
        true
    }

    /// Works until nothing is left to do.
    ///
    /// # Errors
    /// The law that is broken, if only that of coming to rest.
    pub fn drain(&mut self, air: &mut Air) -> Result<bool, Broken> {
        const MOST: usize = 20_000;
        let mut moved = false;
        for _ in 0..MOST {
            let mut any = false;
            for replica in 0..self.replicas.len() {
                any |= self.advance(replica, air)?;
            }
            if !any {
                return Ok(moved);
            }
            air.step();
            moved = true;
        }
        Err(Broken::somewhere("every service comes to rest", format!("{} does not", P::SERVICE.name())))
    }

    /// Rows that somebody's transaction holds, but for one replica's own.
    fn locked(&self, but: Option<usize>) -> u128 {
        let others = self.replicas.iter().enumerate().filter(|(n, _)| Some(*n) != but);
        others.fold(0, |locks, (_, replica)| locks | replica.locks())
    }

    /// Whether a transaction holds this row.
    pub fn is_locked(&self, row: u128) -> bool {
        self.locked(None) & row != 0
    }
}
