//! Every situation that an account can be in, with everything that can reach it: `table.txt` says what follows.

use crate::world::*;
use chassis::{Decision, Why};
use contracts::*;
use payments::Tells;
use payments::domain::{Account, Progress, State};
use std::collections::BTreeSet;
use std::fmt::Write;

type Situation = (&'static str, fn() -> World);
type Event = (&'static str, fn(&mut World) -> Decision<Tells>);

fn ready() -> World {
    World::new().ready_to_charge()
}

fn sent() -> World {
    let mut world = ready();
    world.lease(1);
    world
}

fn paid() -> World {
    ready().charged(captured())
}

fn waits() -> World {
    ready().charged(pending())
}

fn surplus() -> World {
    let paid_twice = ready().charged(declined()).then(|w| w.pay().into()).charged(captured());
    paid_twice.then(|w| w.webhook(1, "captured").into())
}

const SITUATIONS: &[Situation] = &[
    ("nothing known", World::new),
    ("created", || World::new().then(|w| w.created().into())),
    ("reserved and held", || World::new().then(|w| w.reserved().into()).then(|w| w.held().into())),
    ("charge not sent", ready),
    ("charging", sent),
    ("charge lost", || {
        let mut world = sent();
        let lost = world.answered(1, ProviderAnswer::NotFound);
        assert!(matches!(world.hear(lost), Decision::Accept(_)));
        world
    }),
    ("pending", waits),
    ("pending, pays another way", || waits().then(|w| w.pay().into())),
    ("captured", paid),
    ("captured, looks again", || paid().then(|w| w.verify().into())),
    ("free and captured", || {
        let free = |w: &World| w.created_with(0, OnDecline::Cancel).into();
        World::new().then(free).then(|w| w.reserved().into()).then(|w| w.held().into())
    }),
    ("declined, to be cancelled", || {
        let strict = |w: &World| w.created_with(TOTAL, OnDecline::Cancel).into();
        let ready = World::new().then(strict).then(|w| w.reserved().into()).then(|w| w.held().into());
        ready.charged(declined())
    }),
    ("declined, may pay another way", || ready().charged(declined())),
    ("charging another way", || {
        let mut world = ready().charged(declined()).then(|w| w.pay().into());
        world.lease(2);
        world
    }),
    ("cancelled first", || World::new().then(|w| w.cancelled().into())),
    ("cancelled before sent", || ready().then(|w| w.cancelled().into())),
    ("cancelled while charging", || sent().then(|w| w.cancelled().into())),
    ("cancelled while pending", || waits().then(|w| w.cancelled().into())),
    ("refunding a part", || paid().then(|w| w.refund("r1", Some(40)).into())),
    ("refunded a part", || {
        paid()
            .then(|w| w.refund("r1", Some(40)).into())
            .after(PaymentPurpose::Refund, ProviderAnswer::Refunded)
    }),
    ("refunded whole", || {
        paid().then(|w| w.refund("r1", None).into()).after(PaymentPurpose::Refund, ProviderAnswer::Refunded)
    }),
    ("cancelled after captured", || paid().then(|w| w.cancelled().into())),
    ("cancelled, refund failed", || {
        paid().then(|w| w.cancelled().into()).after(PaymentPurpose::Refund, refund_failed())
    }),
    ("cancelled and refunded", || {
        paid().then(|w| w.cancelled().into()).after(PaymentPurpose::Refund, ProviderAnswer::Refunded)
    }),
    ("paid twice", surplus),
    ("paid twice, refund failed", || surplus().after(PaymentPurpose::Refund, refund_failed())),
];

fn hear_charge(world: &mut World, answer: ProviderAnswer) -> Decision<Tells> {
    let answered = world.answered(1, answer);
    world.hear(answered)
}

const EVENTS: &[Event] = &[
    ("order.created", |w| w.hear(w.created())),
    ("stock.reserved", |w| w.hear(w.reserved())),
    ("shipment.held", |w| w.hear(w.held())),
    ("order.cancelled", |w| w.hear(w.cancelled())),
    ("charge 1: captured", |w| hear_charge(w, captured())),
    ("charge 1: pending", |w| hear_charge(w, pending())),
    ("charge 1: declined", |w| hear_charge(w, declined())),
    ("charge 1: voided", |w| hear_charge(w, ProviderAnswer::Voided)),
    ("charge 1: not found", |w| hear_charge(w, ProviderAnswer::NotFound)),
    ("charge 1: refunded", |w| hear_charge(w, ProviderAnswer::Refunded)),
    ("void: voided", |w| w.answer(PaymentPurpose::Void, ProviderAnswer::Voided)),
    ("void: captured", |w| w.answer(PaymentPurpose::Void, captured())),
    ("void: declined", |w| w.answer(PaymentPurpose::Void, declined())),
    ("void: pending", |w| w.answer(PaymentPurpose::Void, pending())),
    ("refund: refunded", |w| w.answer(PaymentPurpose::Refund, ProviderAnswer::Refunded)),
    ("refund: failed", |w| w.answer(PaymentPurpose::Refund, refund_failed())),
    ("refund: not found", |w| w.answer(PaymentPurpose::Refund, ProviderAnswer::NotFound)),
    ("look-up: captured", |w| w.answer(PaymentPurpose::LookUp, captured())),
    ("look-up: not found", |w| w.answer(PaymentPurpose::LookUp, ProviderAnswer::NotFound)),
    ("webhook 1: captured", |w| w.hear(w.webhook(1, "captured"))),
    ("webhook 1: declined", |w| w.hear(w.webhook(1, "declined"))),
    ("webhook 1: expired", |w| w.hear(w.webhook(1, "expired"))),
    ("webhook 9: captured", |w| w.hear(w.webhook(9, "captured"))),
    ("webhook forged", |w| w.hear(PaymentWebhook { body: "{}".into(), ..w.webhook(1, "captured") })),
    ("cmd.payment.pay", |w| w.hear(w.pay())),
    ("cmd.payment.pay by another", |w| {
        let by = Caller { id: CustomerId(w.order.0), role: Role::Customer };
        w.hear(PayOrder { by, ..w.pay() })
    }),
    ("cmd.payment.verify", |w| w.hear(w.verify())),
    ("cmd.payment.refund 40", |w| w.hear(w.refund("new", Some(40)))),
    ("cmd.payment.refund all", |w| w.hear(w.refund("new", None))),
    ("cmd.payment.refund 101", |w| w.hear(w.refund("new", Some(101)))),
    ("cmd.payment.refund r1", |w| w.hear(w.refund("r1", Some(40)))),
];

/// What followed, in a line: the state, `!` what was told, `+` what was begun, `-` what was withdrawn.
fn line(before: &Account, after: &Account, decision: &Decision<Tells>) -> String {
    let facts = match decision {
        Decision::Ignore(Why::Repeat) => return "repeat".into(),
        Decision::Ignore(Why::TooLate) => return "too late".into(),
        Decision::Ignore(Why::Impossible(_)) => return "impossible".into(),
        Decision::Accept(facts) => facts,
    };
    let mut line = after.payment.state.word().to_owned();
    for fact in facts {
        let told = match &fact.message {
            Tells::PaymentCaptured(m) if m.surplus => format!("captured {} as surplus", m.attempt),
            Tells::PaymentCaptured(m) => format!("captured {}", m.attempt),
            Tells::PaymentPending(m) => format!("pending {}", m.attempt),
            Tells::PaymentDeclined(m) => format!("declined {}", m.attempt),
            Tells::PaymentVoided(m) => m.attempt.map_or("voided".into(), |n| format!("voided {n}")),
            Tells::PaymentRefunded(m) => format!("refunded {}", m.amount.minor()),
            Tells::PaymentRefundFailed(m) => format!("refund_failed {}", m.amount.minor()),
            Tells::PaymentCommandRefused(m) => format!("refused {:?}", m.why),
            Tells::PaymentAnswered(_) => panic!("only the caller tells answers"),
        };
        write!(line, " !{told}").unwrap();
    }
    for (number, attempt) in after.attempts.iter() {
        let purpose = format!("{:?}", attempt.purpose).to_lowercase();
        let withdrawn = attempt.progress == Progress::Withdrawn;
        match before.attempts.get(number) {
            None => write!(line, " +{purpose} {number} of {}", attempt.amount.minor()).unwrap(),
            Some(was) if withdrawn && was.progress != Progress::Withdrawn => {
                write!(line, " -{purpose} {number}").unwrap();
            }
            Some(_) => {}
        }
    }
    line
}

#[test]
fn every_situation_and_event_has_the_outcome_that_the_table_says() {
    let mut table = String::new();
    let mut states = BTreeSet::new();
    for (name, situation) in SITUATIONS {
        let state = situation().account().payment.state;
        states.insert(state);
        writeln!(table, "{name} ({})", state.word()).unwrap();
        for (event, send) in EVENTS {
            let mut world = situation();
            let before = world.account();
            let decision = send(&mut world);
            let after = world.account();
            writeln!(table, "    {event:<28}{}", line(&before, &after, &decision)).unwrap();
        }
    }
    assert_eq!(Vec::from_iter(states), State::ALL.to_vec(), "a state without a situation");
    let expected = include_str!("table.txt");
    if table != expected {
        let fresh = concat!(env!("CARGO_TARGET_TMPDIR"), "/table.txt");
        std::fs::write(fresh, &table).unwrap();
        let first = table.lines().zip(expected.lines()).find(|(is, should)| is != should);
        panic!("not what tests/it/table.txt says: (is, should be) = {first:?}; all of it is in {fresh}");
    }
}
