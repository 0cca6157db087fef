//! One transaction: load, decide, save, journal, commit; and a redrive's.

use super::{Desk, Entry};
use crate::{
    air::Air,
    broken::Broken,
    letter::{Letter, NO_ORDER, number_of},
    mutants::Mutant,
    part::{Locks, Part},
};
use chassis::{Decision, Fact, Why};
use contracts::{MessageId, MessageInfo};
use std::rc::Rc;

/// Decided, and not committed.
pub(super) struct Transaction<P: Part> {
    pub locks: Locks,
    rows: P::Rows,
    entries: Vec<(Rc<Letter>, Entry)>,
    marks: Vec<(usize, &'static MessageInfo)>,
    /// A decision that can't be: a law is broken if it is committed.
    impossible: Option<Broken>,
    published: bool,
}

/// What came of one message.
struct Decided {
    outputs: Vec<Rc<Letter>>,
    mark: Option<(usize, &'static MessageInfo)>,
    impossible: Option<Broken>,
}

impl<P: Part> Desk<P> {
    pub(super) fn wanted_locks(&self, letter: &Letter) -> Locks {
        let original = letter.redrive.and_then(|(_, original)| self.buried.get(&original));
        P::locks(&self.tables, original.map_or(letter, |original| original))
    }

    /// Loads what a batch touches, and decides its messages in order.
    pub(super) fn decide(&mut self, batch: &[Rc<Letter>], locks: Locks, air: &mut Air) -> Transaction<P> {
        let mut rows = P::load(&self.tables, batch);
        let (mut entries, mut marks, mut impossible) = (vec![], vec![], None);
        for letter in batch {
            if air.random.chance(air.faults.poison) {
                air.note(20, Some(letter), || format!("{} buries {}", P::SERVICE.name(), letter.name()));
                entries.push((Rc::clone(letter), Entry { outputs: vec![], dead: true }));
                continue;
            }
            let decided = Self::decide_one(&mut rows, letter, air);
            marks.extend(decided.mark);
            impossible = impossible.or(decided.impossible);
            entries.push((Rc::clone(letter), Entry { outputs: decided.outputs, dead: false }));
        }
        let mut transaction = Transaction { locks, rows, entries, marks, impossible, published: false };
        if air.mutant == Mutant::PublishOutside {
            transaction.entries.iter().flat_map(|(_, e)| &e.outputs).for_each(|out| air.publish_surely(out));
            transaction.published = true;
        }
        if air.mutant == Mutant::JournalFirst {
            for (letter, entry) in &transaction.entries {
                self.journal.entry(letter.id).or_insert_with(|| entry.clone());
            }
        }
        transaction
    }

    fn decide_one(rows: &mut P::Rows, letter: &Rc<Letter>, air: &mut Air) -> Decided {
        let Some(heard) = P::heard(letter) else {
            let broken = Broken::somewhere("a message comes to those who hear it", letter.words());
            return Decided { outputs: vec![], mark: None, impossible: Some(broken) };
        };
        let mark = letter.info.map(|info| (P::state(rows, letter), info));
        let decision = P::decide(rows, heard, air.mutant);
        let name = P::SERVICE.name();
        air.note(21, Some(letter), || {
            let state = mark.map_or("", |(state, _)| P::STATES[state]);
            format!("{name} in {state} decides {}: {}", letter.words(), words_of(&decision))
        });
        let (outputs, impossible) = match decision {
            Decision::Accept(facts) => {
                (facts.iter().map(|fact| output::<P>(fact, letter, air)).collect(), None)
            }
            Decision::Ignore(Why::Repeat | Why::TooLate) => (vec![], None),
            Decision::Ignore(Why::Impossible(why)) => {
                let found = format!("{name} says of {}: {why}", letter.words());
                let law = "nothing happens that the rules call impossible";
                (vec![], Some(Broken { law, order: letter.order, found }))
            }
        };
        Decided { outputs, mark, impossible }
    }

    /// Saves and commits; nothing if another replica was first.
    pub(super) fn commit(
        &mut self,
        transaction: Transaction<P>,
        air: &mut Air,
    ) -> Result<Option<Vec<Rc<Letter>>>, Broken> {
        let Transaction { rows, entries, marks, impossible, published, .. } = transaction;
        let unguarded = matches!(air.mutant, Mutant::JournalFirst | Mutant::NoLocks);
        if !unguarded && entries.iter().any(|(letter, _)| self.journal.contains_key(&letter.id)) {
            air.note(22, None, || format!("{} rolls back: another was first", P::SERVICE.name()));
            return Ok(None);
        }
        if !self.save(&rows, impossible, air)? {
            return Ok(None);
        }
        let mut outputs = vec![];
        for (state, event) in marks {
            air.coverage.mark(P::SERVICE, state, event);
        }
        for (letter, mut entry) in entries {
            if entry.dead {
                self.dead.push(Rc::clone(&letter));
                self.buried.insert(letter.id, Rc::clone(&letter));
            } else {
                P::committed(&mut self.tables, &letter);
            }
            self.tell(&letter, &entry, air)?;
            if !published {
                outputs.extend(entry.outputs.iter().cloned());
            }
            if air.mutant == Mutant::OutputsNotStored {
                entry.outputs.clear();
            }
            self.journal.insert(letter.id, entry);
        }
        P::always(&self.tables)?;
        Ok(Some(outputs))
    }

    /// Decides a dead letter again under its own id, while it still is one. Its row's lock makes it one step.
    pub(super) fn redrive(
        &mut self,
        wish: &Rc<Letter>,
        original: MessageId,
        air: &mut Air,
    ) -> Result<Vec<Rc<Letter>>, Broken> {
        let still = self.journal.get(&original).is_some_and(|entry| entry.dead);
        let letter = self.buried.get(&original).filter(|_| still || air.mutant == Mutant::RedriveTwice);
        let mut entry = Entry::default();
        if let Some(letter) = letter.cloned() {
            let mut rows = P::load(&self.tables, std::slice::from_ref(&letter));
            let decided = Self::decide_one(&mut rows, &letter, air);
            if !self.save(&rows, decided.impossible, air)? {
                let (law, found) = ("a redrive saves what it decided", letter.words());
                return Err(Broken { law, order: letter.order, found });
            }
            if let Some((state, event)) = decided.mark {
                air.coverage.mark(P::SERVICE, state, event);
            }
            entry.outputs = decided.outputs;
            self.tell(&letter, &entry, air)?;
            P::committed(&mut self.tables, &letter);
            self.journal.insert(original, entry.clone());
            P::always(&self.tables)?;
        }
        let outputs = entry.outputs.clone();
        self.journal.insert(wish.id, entry);
        Ok(outputs)
    }

    /// False if a row is there already.
    fn save(&mut self, rows: &P::Rows, impossible: Option<Broken>, air: &mut Air) -> Result<bool, Broken> {
        // What was decided on rows that another has made meanwhile counts for nothing, however impossible.
        if P::raced(rows, &self.tables) && !air.mutant.upserts(P::SERVICE) {
            air.note(23, None, || format!("{} rolls back: a row is there already", P::SERVICE.name()));
            return Ok(false);
        }
        if let Some(broken) = impossible {
            return Err(broken);
        }
        P::lawful(&self.tables, rows)?;
        P::save(rows, &mut self.tables);
        Ok(true)
    }

    fn tell(&self, letter: &Rc<Letter>, entry: &Entry, air: &mut Air) -> Result<(), Broken> {
        air.note(24, Some(letter), || format!("{} commits {}", P::SERVICE.name(), letter.name()));
        entry.outputs.iter().try_for_each(|output| air.told.tell(output))
    }
}

/// A fact on its way; one about a command belongs to the command's order.
fn output<P: Part>(fact: &Fact<P::Tells>, heard: &Letter, air: &Air) -> Rc<Letter> {
    let order = Some(number_of(fact.about)).filter(|number| *number != NO_ORDER).unwrap_or(heard.order);
    air.fact::<P>(&fact.message, fact.id(), order)
}

fn words_of<T: std::fmt::Debug>(decision: &Decision<T>) -> String {
    match decision {
        Decision::Accept(facts) if facts.is_empty() => "noted".to_owned(),
        Decision::Accept(facts) => {
            let facts: Vec<_> = facts.iter().map(|fact| format!("{:?}", fact.message)).collect();
            format!("tells {}", facts.join(", "))
        }
        Decision::Ignore(why) => format!("ignored ({why:?})"),
    }
}
