//! What all services share: the streams, chance, the clock, and the record of what happened.

use crate::{
    coverage::Coverage,
    faults::{self, Faults},
    laws::Told,
    letter::{Letter, NO_ORDER},
    mutants::Mutant,
    part::{Part, Service},
    random::Random,
    story::Story,
};
use contracts::{Message, MessageEnum, MessageId, Timestamp};
use std::{collections::BTreeSet, rc::Rc, time::Duration};
use uuid::Uuid;

/// Commands' ids: each leaves its last two bytes free for what is told about it.
const COMMANDS: u128 = 0x0193_bbbb_0000_7000_8000_0000_0000_0000;
/// When every run begins.
const BEGINNING_MS: i64 = 1_795_000_000_000;

/// What all services share.
pub struct Air {
    /// Chance, of what happens when; not of what people want.
    pub random: Random,
    /// What goes wrong.
    pub faults: Faults,
    /// What comes late in this seed: which types, to whom; as long as anything else can happen.
    pub tardy: Vec<(Service, &'static str)>,
    /// The planted bug.
    pub mutant: Mutant,
    /// Messages are written and read as bytes.
    pub bytes: bool,
    /// The clock.
    pub now: Timestamp,
    /// Steps so far.
    pub steps: u64,
    /// A digest of all steps: equal for equal runs.
    pub hash: u64,
    /// Which pairs were reached.
    pub coverage: Coverage,
    /// All that was told.
    pub told: Told,
    /// What happened, in words.
    pub story: Story,
    /// What has arrived in the streams and is not with the services yet.
    pub arrived: Vec<Rc<Letter>>,
    /// The streams' duplicate windows.
    known: BTreeSet<MessageId>,
    fresh: u128,
}

impl Air {
    /// At the beginning.
    #[must_use]
    pub fn new(mut random: Random, faults: Faults, mutant: Mutant, bytes: bool, story: Story) -> Self {
        Self {
            tardy: faults::tardy(&mut random),
            random,
            faults,
            mutant,
            bytes,
            story,
            now: Timestamp::from_millis(BEGINNING_MS),
            steps: 0,
            hash: 0,
            coverage: Coverage::default(),
            told: Told::default(),
            arrived: vec![],
            known: BTreeSet::new(),
            fresh: 0,
        }
    }

    /// One more step.
    pub fn step(&mut self) {
        self.steps += 1;
        self.now = self.now.plus(Duration::from_millis(7));
    }

    /// Takes something that happened into the digest and the story.
    pub fn note(&mut self, what: u64, letter: Option<&Letter>, words: impl FnOnce() -> String) {
        let (order, id) = letter.map_or((NO_ORDER, 0), |letter| (letter.order, letter.id.0.as_u64_pair().1));
        let mixed = (self.hash ^ what ^ id.rotate_left(17)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.hash = mixed ^ (mixed >> 29) ^ self.steps;
        self.story.note(self.steps, order, words);
    }

    /// Whether messages of this type come late to this service.
    #[must_use]
    pub fn is_tardy(&self, to: Service, letter: &Letter) -> bool {
        self.tardy.iter().any(|(service, subject)| *service == to && *subject == letter.name())
    }

    /// A fresh id of a command.
    pub fn fresh_id(&mut self) -> MessageId {
        self.fresh += 1;
        MessageId(Uuid::from_u128(COMMANDS + (self.fresh << 16)))
    }

    /// A message of somebody's own accord; `to` addresses it to whoever hears it.
    pub fn letter<M: Message>(
        &self,
        id: MessageId,
        order: u8,
        message: &M,
        to: impl FnOnce(Letter, &M) -> Letter,
    ) -> Rc<Letter> {
        let letter = Letter::new(Some(M::INFO), id, self.now, order);
        if !self.bytes {
            return Rc::new(to(letter, message));
        }
        let body = contracts::write_body(message).expect("a message can be written");
        Rc::new(letter.from_bytes(&body).expect("what is written can be read"))
    }

    /// A fact that a service decided.
    pub fn fact<P: Part>(&self, fact: &P::Tells, id: MessageId, order: u8) -> Rc<Letter> {
        if !self.bytes {
            return Rc::new(P::letter(fact, id, self.now, order));
        }
        let body = fact.write().expect("a fact can be written");
        let letter = Letter::new(Some(fact.info()), id, self.now, order);
        Rc::new(letter.from_bytes(&body).expect("what one service writes another reads"))
    }

    /// Publishes; false if the publisher does not learn that it arrived.
    pub fn publish(&mut self, letter: &Rc<Letter>) -> bool {
        if self.random.chance(self.faults.not_published) {
            self.note(1, Some(letter), || format!("{} does not reach its stream", letter.name()));
            return false;
        }
        let fresh = self.known.insert(letter.id);
        if fresh || self.random.chance(self.faults.id_forgotten) {
            let again = if fresh { "" } else { " a second time: its id is forgotten" };
            self.note(2, Some(letter), || format!("{} is in its stream{again}", letter.name()));
            self.arrived.push(Rc::clone(letter));
        }
        let unknown = self.random.chance(self.faults.publish_unknown);
        if unknown {
            self.note(3, Some(letter), || format!("nobody learns that {} arrived", letter.name()));
        }
        !unknown
    }

    /// Publishes until it has arrived, as a patient sender does.
    pub fn publish_surely(&mut self, letter: &Rc<Letter>) {
        for _ in 0..100 {
            if self.publish(letter) {
                return;
            }
        }
    }
}
