//! Single rules, each in a few lines.

use crate::world::*;
use chassis::{Decision, Why};
use contracts::*;
use payments::domain::{MOST_ATTEMPTS, RefundState, State};
use payments::{Rules, Tells};
use std::collections::BTreeSet;

fn paid() -> World {
    World::new().ready_to_charge().charged(captured())
}

#[track_caller]
fn facts(decision: Decision<Tells>) -> Vec<Tells> {
    let Decision::Accept(facts) = decision else { panic!("{decision:?}") };
    facts.into_iter().map(|fact| fact.message).collect()
}

#[test]
fn the_parts_of_a_captured_payment_add_up_to_it() {
    let mut world = World::new().ready_to_charge();
    let told = facts(world.answer(PaymentPurpose::Charge, captured()));
    let [Tells::PaymentCaptured(told)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((told.amount, told.surplus), (amount(TOTAL), false));
    assert_eq!(told.parts, [PaymentPart { method: text("sandbox.succeeds"), amount: amount(TOTAL) }]);
}

#[test]
fn a_free_order_is_paid_at_once_and_without_an_attempt() {
    let free = |w: &World| w.created_with(0, OnDecline::Cancel).into();
    let mut world = World::new().then(free).then(|w| w.reserved().into());
    let told = facts(world.hear(world.held()));
    let [Tells::PaymentCaptured(told)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((told.amount, told.parts.as_slice(), told.attempt), (Amount::ZERO, [].as_slice(), 0));
    assert!(world.attempts().is_empty());
}

#[test]
fn a_webhook_before_the_answer_is_matched_with_it() {
    let mut world = World::new().then(|w| w.webhook(1, "captured").into()).ready_to_charge();
    world.lease(1);
    let told = facts(world.hear(world.answered(1, pending())));
    assert!(matches!(told.as_slice(), [Tells::PaymentPending(_), Tells::PaymentCaptured(_)]), "{told:?}");
    assert_eq!(world.account().payment.state, State::Captured);
    assert_eq!(world.hear(world.webhook(1, "captured")), Decision::Ignore(Why::Repeat));
}

#[test]
fn a_webhook_is_never_acted_upon_twice() {
    let mut world =
        World::new().ready_to_charge().charged(pending()).then(|w| w.webhook(1, "captured").into());
    assert_eq!(world.hear(world.webhook(1, "captured")), Decision::Ignore(Why::Repeat));
}

#[test]
fn a_webhook_signed_with_another_secret_or_too_long_ago_changes_nothing() {
    let mut world = World::new().ready_to_charge().charged(pending());
    let mut stranger = world.clone();
    stranger.till.rules = Rules { webhook_secret: String::from("guessed").into() };
    let forged = stranger.webhook(1, "captured");
    assert!(matches!(world.hear(forged), Decision::Ignore(Why::Impossible(_))));
    let mut late = heard(world.webhook(1, "captured"));
    late.at = now().plus(chassis::signature::TOLERANCE).plus(std::time::Duration::from_secs(1));
    assert!(matches!(world.decide(&late), Decision::Ignore(Why::Impossible(_))));
}

#[test]
fn the_same_command_again_begins_nothing_more() {
    let mut world = World::new().ready_to_charge().charged(declined());
    let pay = heard(world.pay());
    assert_eq!(world.decide(&pay), Decision::NOTED);
    assert_eq!(world.decide(&pay), Decision::Ignore(Why::Repeat));
    let mut world = world.after(PaymentPurpose::Charge, declined());
    assert_eq!(world.decide(&pay), Decision::Ignore(Why::Repeat));
    let verify = heard(world.verify());
    assert_eq!(world.decide(&verify), Decision::NOTED);
    let mut world = world.after(PaymentPurpose::LookUp, declined());
    assert_eq!(world.decide(&verify), Decision::Ignore(Why::Repeat));
}

#[test]
fn the_new_way_to_pay_is_the_one_that_was_asked_for() {
    let world = World::new().ready_to_charge().charged(pending()).then(|w| w.pay().into());
    let world = world.after(PaymentPurpose::Void, ProviderAnswer::Voided);
    let charge = world.open(PaymentPurpose::Charge).unwrap();
    assert_eq!(world.account().attempts.get(&charge).unwrap().means.method, text("sandbox.slow"));
}

#[test]
fn an_admin_may_pay_and_verify_for_a_customer() {
    let mut world = World::new().ready_to_charge().charged(declined());
    let admin = Caller { id: CustomerId(uuid::Uuid::now_v7()), role: Role::Admin };
    assert_eq!(world.hear(VerifyPayment { by: admin, ..world.verify() }), Decision::NOTED);
    assert_eq!(world.hear(PayOrder { by: admin, ..world.pay() }), Decision::NOTED);
}

#[test]
fn open_and_succeeded_refunds_count_and_failed_ones_do_not() {
    let mut world = paid().then(|w| w.refund("a", Some(60)).into());
    let over = facts(world.hear(world.refund("b", Some(41))));
    assert!(matches!(over.as_slice(), [Tells::PaymentCommandRefused(_)]));
    let world =
        world.after(PaymentPurpose::Refund, refund_failed()).then(|w| w.refund("c", Some(100)).into());
    assert_eq!(world.account().payment.counted, amount(100));
}

#[test]
fn a_failed_refund_of_a_cancelled_order_stays_open_until_one_with_a_new_reference_succeeds() {
    let mut world = paid().then(|w| w.cancelled().into()).after(PaymentPurpose::Refund, refund_failed());
    assert!(world.account().owes_back());
    let failed = world.account().refunds.iter().next().unwrap().0.clone();
    let same = RefundPayment { reference: failed, ..world.refund("x", None) };
    assert_eq!(world.hear(same), Decision::Ignore(Why::Repeat));
    let world = world.then(|w| w.refund("again", None).into());
    let world = world.after(PaymentPurpose::Refund, ProviderAnswer::Refunded);
    assert!(!world.account().owes_back());
    assert_eq!(world.account().payment.state, State::Refunded);
}

#[test]
fn a_client_that_took_our_reference_stops_no_refund() {
    let world = paid().then(|w| w.refund("starling-3", Some(40)).into()).then(|w| w.cancelled().into());
    let account = world.account();
    let refunds: Vec<_> =
        account.refunds.iter().map(|(r, refund)| (r.as_str(), refund.amount.minor())).collect();
    assert_eq!(refunds, [("starling-3", 40), ("starling-3-1", 60)]);
}

#[test]
fn a_lost_refund_counts_until_a_look_up_finds_it() {
    let mut world = paid().then(|w| w.cancelled().into());
    let refund = world.open(PaymentPurpose::Refund).unwrap();
    world.lease(refund);
    let world = world.then(|w| w.answered(refund, ProviderAnswer::NotFound).into());
    assert!(world.account().refunds.iter().all(|(_, refund)| refund.state == RefundState::Open));
    let mut world = world.then(|w| w.verify().into());
    let told = facts(world.answer(PaymentPurpose::LookUp, ProviderAnswer::Refunded));
    assert!(matches!(told.as_slice(), [Tells::PaymentRefunded(_)]), "{told:?}");
    assert_eq!(world.account().payment.state, State::Refunded);
}

#[test]
fn money_that_comes_in_late_counts_and_calls_the_other_charge_off() {
    let pays_again = World::new().ready_to_charge().charged(declined()).then(|w| w.pay().into());
    // Not sent yet: withdrawn.
    let world = pays_again.clone().then(|w| w.webhook(1, "captured").into());
    assert_eq!((world.open(PaymentPurpose::Charge), world.account().payment.captured_by), (None, Some(1)));
    // Sent, and pending in the end: voided, and nothing more is said.
    let mut world = pays_again;
    world.lease(2);
    let mut world = world.then(|w| w.webhook(1, "captured").into());
    assert_eq!(world.hear(world.answered(2, pending())), Decision::NOTED);
    assert_eq!(world.answer(PaymentPurpose::Void, ProviderAnswer::Voided), Decision::NOTED);
    assert_eq!(world.account().payment.state, State::Captured);
}

#[test]
fn commands_are_refused_long_before_the_numbers_run_out() {
    let mut world = World::new().ready_to_charge().charged(declined());
    while facts(world.hear(world.pay())).is_empty() {
        world = world.after(PaymentPurpose::Charge, declined());
    }
    let told = facts(world.hear(world.verify()));
    let [Tells::PaymentCommandRefused(told)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(told.why, PaymentRefusal::TooManyAttempts);
    // The worst: every charge that was declined was captured after all. Every surplus still goes back.
    let mut ids = BTreeSet::new();
    for (charge, _) in world.attempts() {
        let Decision::Accept(facts) = world.hear(world.webhook(charge, "captured")) else {
            panic!("{charge}")
        };
        assert!(facts.iter().all(|fact| ids.insert(fact.id())), "an id twice");
    }
    world = world.then(|w| w.cancelled().into());
    let attempts = world.attempts();
    let refunds = attempts.iter().filter(|(_, a)| a.purpose == PaymentPurpose::Refund).count();
    assert_eq!(refunds, ids.len());
    assert!(attempts.last().unwrap().0 <= MOST_ATTEMPTS, "{:?}", attempts.last());
}

#[test]
fn tokens_are_not_shown() {
    assert!(!format!("{:?}", paid().account()).contains("tok_1"));
}
