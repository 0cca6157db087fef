//! The laws of the money, under any order and repetition of what happens, with a bank that may say anything.

use crate::world::*;
use chassis::{Decision, Heard};
use contracts::*;
use payments::domain::{Account, Attempt, Outcome, Payment as Standing, Progress, RefundState, State};
use payments::{Hears, Tells};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What happens next; the numbers choose among what is there.
#[derive(Debug, Clone, Copy)]
enum Step {
    Deliver(usize),
    DeliverAgain(usize),
    Call(usize, u8),
    CallAnswerLost(usize, u8),
    Settle(usize, u8),
    Cancel,
    Pay,
    Verify,
    Refund(Option<i64>),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => any::<usize>().prop_map(Step::Deliver),
        3 => any::<usize>().prop_map(Step::DeliverAgain),
        5 => (any::<usize>(), any::<u8>()).prop_map(|(n, says)| Step::Call(n, says)),
        2 => (any::<usize>(), any::<u8>()).prop_map(|(n, says)| Step::CallAnswerLost(n, says)),
        3 => (any::<usize>(), any::<u8>()).prop_map(|(n, says)| Step::Settle(n, says)),
        1 => Just(Step::Cancel),
        2 => Just(Step::Pay),
        1 => Just(Step::Verify),
        2 => proptest::option::of(1..=TOTAL).prop_map(Step::Refund),
    ]
}

/// The bank's own books: the same key gets the same answer, and it never gives back more than it took.
#[derive(Default)]
struct Bank {
    charges: BTreeMap<i32, ProviderAnswer>,
    refunds: BTreeMap<i32, (i32, i64, ProviderAnswer)>,
}

impl Bank {
    fn back(&self, charge: i32) -> i64 {
        let of =
            self.refunds.values().filter(|(of, _, said)| *of == charge && *said == ProviderAnswer::Refunded);
        of.map(|(_, minor, _)| minor).sum()
    }

    fn ask(&mut self, world: &World, number: i32, says: u8) -> ProviderAnswer {
        let account = world.account();
        let attempt = account.attempts.get(&number).unwrap();
        let of = attempt.of.unwrap_or(number);
        match attempt.purpose {
            PaymentPurpose::Charge => {
                let new = [captured(), pending(), declined()][usize::from(says) % 3].clone();
                self.charges.entry(number).or_insert(new).clone()
            }
            PaymentPurpose::Void => {
                let charge = self.charges.get_mut(&of).expect("only what was sent is called off");
                if matches!(charge, ProviderAnswer::Pending { .. }) {
                    *charge = ProviderAnswer::Voided;
                }
                charge.clone()
            }
            PaymentPurpose::Refund => {
                assert_eq!(self.charges.get(&of), Some(&captured()), "a refund of what was not captured");
                let minor = attempt.amount.minor();
                let known = self.refunds.get(&number).map(|(_, _, said)| said.clone());
                known.unwrap_or_else(|| {
                    let said = if says < 64 { refund_failed() } else { ProviderAnswer::Refunded };
                    self.refunds.insert(number, (of, minor, said.clone()));
                    said
                })
            }
            PaymentPurpose::LookUp => {
                let refund = self.refunds.get(&of).map(|(_, _, said)| said.clone());
                self.charges.get(&of).cloned().or(refund).unwrap_or(ProviderAnswer::NotFound)
            }
        }
    }
}

struct Flight {
    world: World,
    bank: Bank,
    /// Published, not delivered yet.
    waiting: Vec<Heard<Hears>>,
    /// Delivered and taken in.
    taken: Vec<Heard<Hears>>,
    /// By message id, so that the same fact is told under the same id, and nothing else is.
    told: BTreeMap<MessageId, Tells>,
    /// Answers by attempt: JetStream and the journal keep the first under its id.
    answers: BTreeMap<i32, PaymentAnswered>,
}

impl Flight {
    fn new() -> Self {
        let world = World::new();
        let waiting = vec![heard(world.created()), heard(world.reserved()), heard(world.held())];
        let (bank, told, answers) = Default::default();
        Self { world, bank, waiting, taken: vec![], told, answers }
    }

    fn publish(&mut self, message: impl Into<Hears>) {
        self.waiting.push(heard(message));
    }

    fn open(&self) -> Vec<i32> {
        let attempts = self.world.attempts().into_iter();
        attempts.filter(|(_, attempt)| attempt.is_open()).map(|(number, _)| number).collect()
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Deliver(n) if !self.waiting.is_empty() => {
                let message = self.waiting.remove(n % self.waiting.len());
                self.deliver(message);
            }
            Step::DeliverAgain(n) if !self.taken.is_empty() => {
                let message = self.taken[n % self.taken.len()].clone();
                let before = self.world.account();
                let decision = self.world.decide(&message);
                assert_eq!(before, self.world.account(), "a redelivery changed something: {message:?}");
                assert!(
                    !matches!(decision, Decision::Accept(facts) if !facts.is_empty()),
                    "told again: {message:?}"
                );
            }
            Step::Call(n, says) | Step::CallAnswerLost(n, says) if !self.open().is_empty() => {
                let number = self.open()[n % self.open().len()];
                self.world.lease(number);
                let answer = self.bank.ask(&self.world, number, says);
                if matches!(step, Step::Call(..)) && !self.answers.contains_key(&number) {
                    let answered = self.world.answered(number, answer);
                    self.answers.insert(number, answered.clone());
                    self.publish(answered);
                }
            }
            Step::Settle(n, says) => {
                // Money may come in for what the bank had called off or declined: banks do that.
                let late = says >= 200;
                let may = |said: &ProviderAnswer| match said {
                    ProviderAnswer::Pending { .. } => true,
                    ProviderAnswer::Declined { .. } | ProviderAnswer::Voided => late,
                    ProviderAnswer::Captured
                    | ProviderAnswer::Refunded
                    | ProviderAnswer::RefundFailed { .. }
                    | ProviderAnswer::NotFound => false,
                };
                let mut charges: Vec<_> =
                    self.bank.charges.iter_mut().filter(|(_, said)| may(said)).collect();
                if charges.is_empty() {
                    return;
                }
                let chosen = n % charges.len();
                let (number, said) = &mut charges[chosen];
                let outcome = if late {
                    "captured"
                } else {
                    ["captured", "declined", "expired"][usize::from(says) % 3]
                };
                **said = if outcome == "captured" { captured() } else { declined() };
                let webhook = self.world.webhook(**number, outcome);
                self.publish(webhook);
            }
            Step::Cancel => self.publish(self.world.cancelled()),
            Step::Pay => self.publish(self.world.pay()),
            Step::Verify => self.publish(self.world.verify()),
            Step::Refund(minor) => {
                let reference = format!("r{}", self.waiting.len() + self.taken.len());
                self.publish(self.world.refund(&reference, minor));
            }
            Step::Deliver(_) | Step::DeliverAgain(_) | Step::Call(..) | Step::CallAnswerLost(..) => {}
        }
        self.always();
    }

    fn deliver(&mut self, message: Heard<Hears>) {
        let cancelled = self.world.account().payment.cancelled;
        let charges = self.charges();
        let decision = self.world.decide(&message);
        assert!(!cancelled || self.charges() == charges, "charged after it was cancelled: {message:?}");
        let Decision::Accept(facts) = decision else { return };
        let mut refused = false;
        for fact in facts {
            refused |= matches!(fact.message, Tells::PaymentCommandRefused(_));
            let before = self.told.insert(fact.id(), fact.message.clone());
            assert_eq!(before, None, "one id twice: {fact:?}");
        }
        // Of a command that was refused only the journal knows; it may well be taken in later.
        if !refused {
            self.taken.push(message);
        }
    }

    fn charges(&self) -> usize {
        self.world.attempts().iter().filter(|(_, attempt)| attempt.purpose == PaymentPurpose::Charge).count()
    }

    /// What must hold at any time.
    fn always(&self) {
        let account = self.world.account();
        let payment = &account.payment;
        let live = account.attempts.iter().filter(|(_, attempt)| attempt.is_live_charge()).count();
        assert!(live <= 1, "{live} charges at a time");
        assert!(payment.refunded <= payment.counted && payment.counted <= payment.captured);
        assert_eq!(payment.counted.minor(), counted(&account, payment.captured_by, RefundState::Open));
        assert_eq!(payment.refunded.minor(), counted(&account, payment.captured_by, RefundState::Succeeded));
        for charge in self.bank.charges.keys() {
            assert!(self.bank.back(*charge) <= TOTAL, "more given back than taken");
        }
        if self.charges() > 0 {
            assert!(payment.bill.is_some() && payment.reserved && payment.held, "charged too early");
        }
        let kept = self.told.values().filter(|m| matches!(m, Tells::PaymentCaptured(m) if !m.surplus));
        assert!(kept.count() <= 1, "two payments kept");
        assert!(payment.state != State::Voided || payment.cancelled);
        if payment.cancelled || payment.captured_by.is_some() {
            self.nothing_more_comes_in(&account);
        }
    }

    /// Nobody wants the money any more: what was not sent is withdrawn, what is pending is called off.
    fn nothing_more_comes_in(&self, account: &Account) {
        for (number, charge) in account.attempts.iter().filter(|(_, attempt)| attempt.is_live_charge()) {
            let void = |a: &Attempt| a.purpose == PaymentPurpose::Void && a.of == Some(*number);
            let called_off = account.attempts.iter().any(|(_, attempt)| void(attempt));
            let pending = charge.progress == Progress::Answered(Outcome::Pending);
            assert!(charge.was_sent(), "charge {number} is still to be sent");
            assert!(!pending || called_off, "charge {number} is pending, and nobody calls it off");
        }
    }

    /// Everything arrives, every call is made, every pending charge expires.
    fn heal(&mut self) {
        for _ in 0..1_000 {
            let open = self.open();
            if let Some(message) = self.waiting.pop() {
                self.deliver(message);
            } else if let Some(number) = open.first() {
                let unheard = !self.answers.contains_key(number);
                assert!(unheard, "open, and yet its answer was heard");
                self.step(Step::Call(0, 255));
            } else if self.bank.charges.values().any(|said| matches!(said, ProviderAnswer::Pending { .. })) {
                self.step(Step::Settle(0, 2));
            } else {
                return;
            }
            self.always();
        }
        panic!("it never comes to rest");
    }

    /// What must hold once nothing more happens.
    fn at_rest(&self) {
        let account = self.world.account();
        let payment = &account.payment;
        let mut kept = 0;
        for (charge, said) in &self.bank.charges {
            if *said != captured() {
                continue;
            }
            let ours = account.attempts.get(charge).unwrap();
            assert_eq!(
                ours.progress,
                Progress::Answered(Outcome::Captured),
                "the bank has money we know not of"
            );
            let left = TOTAL - self.bank.back(*charge);
            if payment.captured_by == Some(*charge) {
                assert_eq!(left, payment.captured.less(payment.refunded).minor());
                assert!(!payment.cancelled || left == 0 || account.owes_back(), "cancelled, and {left} kept");
            } else {
                assert!(left == 0 || account.owes_back(), "surplus kept");
            }
            kept += i64::from(left > 0);
        }
        assert!(kept <= 1 || account.owes_back(), "{kept} charges kept");
        for (_, refund) in account.refunds.iter() {
            assert_ne!(refund.state, RefundState::Open);
        }
        match payment.state {
            State::Captured => assert!(!payment.cancelled && payment.captured == amount(TOTAL)),
            State::Declined => assert!(!payment.cancelled && payment.captured_by.is_none()),
            State::Voided => assert!(payment.cancelled && payment.captured_by.is_none()),
            State::Refunding => assert!(payment.cancelled && account.owes_back()),
            State::Refunded => assert_eq!(payment.refunded, amount(TOTAL)),
            State::Owes | State::Ready | State::Charging | State::Pending => {
                panic!("not at rest: {:?}", payment.state)
            }
        }
    }
}

/// Refunds of a charge that are at least so far.
fn counted(account: &Account, charge: Option<i32>, state: RefundState) -> i64 {
    let counts = |is: RefundState| is == RefundState::Succeeded || is == state;
    let of = account.refunds.iter().filter(|(_, refund)| Some(refund.of) == charge && counts(refund.state));
    of.map(|(_, refund)| refund.amount.minor()).sum()
}

/// All three events, any way round and repeated, then the charge and what the bank and its webhook say of it.
fn without_interference(order: &[usize], says: &[ProviderAnswer], webhook_first: bool) -> Standing {
    let mut world = World::new();
    for n in order.iter().chain(&[0, 1, 2]) {
        let message: Hears = match n % 3 {
            0 => world.created().into(),
            1 => world.reserved().into(),
            _ => world.held().into(),
        };
        drop(world.hear(message));
    }
    world.lease(1);
    let (answer, webhook) = (world.answered(1, says[0].clone()), world.webhook(1, "captured"));
    let settled = says.len() > 1;
    if settled && webhook_first {
        drop(world.hear(webhook.clone()));
    }
    for _ in 0..2 {
        drop(world.hear(answer.clone()));
    }
    if settled {
        drop(world.hear(webhook));
    }
    let customer = None;
    Standing { customer, ..world.account().payment }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_laws_hold(steps in proptest::collection::vec(step(), 1..120)) {
        let mut flight = Flight::new();
        for step in steps {
            flight.step(step);
        }
        flight.heal();
        flight.at_rest();
    }

    #[test]
    fn without_interference_the_end_is_the_same(
        order in proptest::collection::vec(0_usize..3, 0..8),
        kind in 0_usize..3,
        webhook_first: bool,
    ) {
        let says: &[ProviderAnswer] = match kind {
            0 => &[captured()],
            1 => &[declined()],
            _ => &[pending(), captured()],
        };
        let reference = without_interference(&[], says, false);
        let (mut is, mut should) = (without_interference(&order, says, webhook_first), reference);
        // Whether the webhook was kept depends on whether there was something to learn from it.
        (is.webhooks, should.webhooks) = (0, 0);
        prop_assert_eq!(is, should);
    }
}
