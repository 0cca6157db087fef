//! One process of a service: what it has in hand, and what a crash makes it lose.

use super::{Desk, Entry, transaction::Transaction};
use crate::{air::Air, broken::Broken, letter::Letter, mutants::Mutant, part::Part};
use contracts::MessageId;
use std::{collections::VecDeque, rc::Rc};

/// Batches whose outputs wait to be published while the next is taken, as in the chassis's lane.
pub(super) const PUBLISH_AHEAD: usize = 2;

/// A message, delivered.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    /// Its place in the consumer.
    pub sequence: u32,
    /// It was delivered before.
    pub again: bool,
    pub letter: Rc<Letter>,
}

/// A process.
pub(super) struct Replica<P: Part> {
    batch: usize,
    pub work: Option<Work<P>>,
    pub finished: VecDeque<Finished>,
    in_flight: Vec<MessageId>,
}

/// As in the chassis: what was delivered for the first time is taken for new, until the journal refuses it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Fresh,
    Look,
}

/// How far the batch at hand is.
pub(super) enum Work<P: Part> {
    /// The journal was read.
    Begun { inputs: Vec<Delivery>, hits: Vec<Rc<Letter>>, unknown: Vec<Rc<Letter>> },
    /// Rows are locked and loaded, all is decided, nothing is committed.
    Decided { inputs: Vec<Delivery>, hits: Vec<Rc<Letter>>, transaction: Box<Transaction<P>> },
}

/// Committed, to be published, then to be acknowledged.
pub(super) struct Finished {
    outputs: Vec<Rc<Letter>>,
    inputs: Vec<Delivery>,
}

impl<P: Part> Replica<P> {
    pub fn new(batch: usize) -> Self {
        Self { batch, work: None, finished: VecDeque::new(), in_flight: vec![] }
    }

    pub fn is_idle(&self) -> bool {
        self.work.is_none() && self.finished.is_empty()
    }

    pub fn forget(&mut self) {
        self.work = None;
        self.finished.clear();
        self.in_flight.clear();
    }

    pub fn locks(&self) -> u128 {
        match &self.work {
            Some(Work::Decided { transaction, .. }) => transaction.locks,
            Some(Work::Begun { .. }) | None => 0,
        }
    }

    pub fn in_hand(&self) -> Vec<Rc<Letter>> {
        let working = match &self.work {
            Some(Work::Begun { inputs, .. } | Work::Decided { inputs, .. }) => inputs.as_slice(),
            None => &[],
        };
        let finished = self.finished.iter().flat_map(|finished| &finished.inputs);
        working.iter().chain(finished).map(|delivery| Rc::clone(&delivery.letter)).collect()
    }
}

impl<P: Part> Desk<P> {
    /// A step of the batch at hand, or the beginning of a new one. False if it waits for locks.
    pub(super) fn work(&mut self, n: usize, air: &mut Air) -> Result<bool, Broken> {
        match self.replicas[n].work.take() {
            None => {
                self.pull(n, air);
                Ok(true)
            }
            Some(Work::Begun { inputs, hits, unknown }) => {
                let locks = unknown.iter().fold(0, |all, letter| all | self.wanted_locks(letter));
                if locks & self.locked(Some(n)) != 0 && air.mutant != Mutant::NoLocks {
                    self.replicas[n].work = Some(Work::Begun { inputs, hits, unknown });
                    return Ok(false);
                }
                if unknown.is_empty() {
                    self.replicas[n].finished.push_back(Finished { outputs: hits, inputs });
                } else if let Some((_, original)) = unknown[0].redrive {
                    let outputs = self.redrive(&unknown[0], original, air)?;
                    self.replicas[n].finished.push_back(Finished { outputs, inputs });
                } else {
                    let transaction = Box::new(self.decide(&unknown, locks, air));
                    self.replicas[n].work = Some(Work::Decided { inputs, hits, transaction });
                }
                Ok(true)
            }
            Some(Work::Decided { inputs, hits, transaction }) => {
                match self.commit(*transaction, air)? {
                    Some(mut outputs) => {
                        outputs.extend(hits);
                        self.replicas[n].finished.push_back(Finished { outputs, inputs });
                    }
                    // Another replica was first: the same again, which finds its rows now.
                    None => self.begin(n, inputs, Trust::Look, air),
                }
                Ok(true)
            }
        }
    }

    fn pull(&mut self, n: usize, air: &mut Air) {
        let most = 1 + air.random.below(self.replicas[n].batch);
        let mut inputs: Vec<Delivery> = Vec::with_capacity(most);
        while inputs.len() < most && !self.waiting.is_empty() {
            let reordered = air.random.chance(air.faults.reordered);
            let which = if reordered { air.random.below(self.waiting.len()) } else { 0 };
            // The chassis takes redrives one by one, after the others.
            let alone = self.waiting[which].letter.redrive.is_some();
            if alone && !inputs.is_empty() {
                break;
            }
            let delivery = self.waiting.remove(which);
            if air.mutant != Mutant::AckBeforeCommit {
                self.out.push(delivery.clone());
            }
            // What this process is working on already is dropped.
            let id = delivery.letter.id;
            if self.replicas[n].in_flight.contains(&id) {
                continue;
            }
            self.replicas[n].in_flight.push(id);
            let letter = Rc::clone(&delivery.letter);
            air.note(12, Some(&letter), || format!("{}/{n} takes {}", P::SERVICE.name(), letter.name()));
            inputs.push(delivery);
            if alone {
                break;
            }
        }
        if !inputs.is_empty() {
            let fresh = inputs.iter().all(|delivery| !delivery.again && delivery.letter.redrive.is_none());
            self.begin(n, inputs, if fresh { Trust::Fresh } else { Trust::Look }, air);
        }
    }

    /// Begins a transaction: reads the journal, before any lock, unless all are delivered for the first time.
    fn begin(&mut self, n: usize, inputs: Vec<Delivery>, trust: Trust, air: &mut Air) {
        let (mut hits, mut unknown) = (vec![], vec![]);
        for delivery in &inputs {
            let letter = &delivery.letter;
            let known = self.journal.get(&letter.id).filter(|_| trust == Trust::Look);
            let Some(Entry { outputs, .. }) = known else {
                unknown.push(Rc::clone(letter));
                continue;
            };
            air.note(13, Some(letter), || format!("{}/{n} knows {}", P::SERVICE.name(), letter.name()));
            let fresh = air.mutant == Mutant::FreshIds;
            let again = |output: &Rc<Letter>| {
                if fresh { output.under(air.fresh_id()) } else { Rc::clone(output) }
            };
            hits.extend(outputs.iter().map(again));
        }
        self.replicas[n].work = Some(Work::Begun { inputs, hits, unknown });
    }

    /// Publishes what followed from the oldest batch; once all of it has arrived, acknowledges its inputs.
    pub(super) fn publish_or_acknowledge(&mut self, n: usize, air: &mut Air) {
        let Some(mut finished) = self.replicas[n].finished.pop_front() else { return };
        if air.mutant == Mutant::AckBeforePublish {
            for delivery in &finished.inputs {
                self.acknowledge(delivery, air);
            }
        }
        if !finished.outputs.is_empty() {
            // Each until its acknowledgement comes; the rest of them next time.
            finished.outputs.retain(|output| !air.publish(output));
            self.replicas[n].finished.push_front(finished);
            return;
        }
        for delivery in &finished.inputs {
            self.replicas[n].in_flight.retain(|id| *id != delivery.letter.id);
            if air.random.chance(air.faults.ack_lost) {
                let letter = &delivery.letter;
                air.note(14, Some(letter), || format!("an acknowledgement of {} is lost", letter.name()));
            } else {
                self.acknowledge(delivery, air);
            }
        }
    }

    fn acknowledge(&mut self, delivery: &Delivery, air: &mut Air) {
        let letter = &delivery.letter;
        air.note(15, Some(letter), || format!("{} acknowledges {}", P::SERVICE.name(), letter.name()));
        self.out.retain(|out| out.sequence != delivery.sequence);
        self.waiting.retain(|waiting| waiting.sequence != delivery.sequence);
    }
}
