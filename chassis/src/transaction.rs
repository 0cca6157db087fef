//! One transaction: journal, load, decide, save, commit.

use crate::{
    Decision, Heard, Outgoing, Participant, Why, Writes,
    batch::{Desk, Taken, Trust},
    dead,
    delivery::Delivery,
    failed::Failed,
    journal::{self, Entry},
    participant::AfterCommit,
    spans::Spans,
    telemetry::{self, Counts, Step},
};
use contracts::{MessageEnum, MessageId, Unreadable, is_about_an_order};
use std::collections::BTreeMap;
use tracing::field::display;

/// The largest output: a larger one is refused before commit, since no stream would take it with its headers.
const OUTPUT_BYTES: usize = 512 << 10;
/// Longest reason that is kept with a dead letter: some errors quote what they met.
const WHY_BYTES: usize = 300;
/// The outcome of what was given up.
const PARKED: &str = "parked";

impl<P: Participant> Desk<P> {
    /// One try.
    pub async fn transact(&self, batch: &[&Delivery], trust: Trust) -> Result<Taken<P::Attempt>, Failed> {
        let mut spans = Spans::begin(self.service, &self.trails, batch);
        match self.decide_all(batch, trust, &mut spans).await {
            Ok(taken) => Ok(Taken { sends: spans.committed(), ..taken }),
            Err(failed) => {
                spans.failed(failed.kind());
                Err(failed)
            }
        }
    }

    async fn decide_all(
        &self,
        batch: &[&Delivery],
        trust: Trust,
        spans: &mut Spans<'_>,
    ) -> Result<Taken<P::Attempt>, Failed> {
        let service = self.service;
        let mut tx = self.db.begin().await?;
        let mut known = match trust {
            Trust::Fresh => BTreeMap::new(),
            Trust::Look => {
                let ids: Vec<MessageId> = batch.iter().map(|delivery| delivery.id).collect();
                journal::read(&mut tx, &ids).await?
            }
        };
        let (mut taken, mut writes, mut told) = (Taken::default(), Writes::default(), Counts::default());
        let mut entries = Vec::with_capacity(batch.len());
        let mut heard = Vec::with_capacity(batch.len());
        let mut deliveries = Vec::with_capacity(batch.len());
        // Counted once committed: a try that is rolled back counts for nothing.
        let mut outcomes = Vec::with_capacity(batch.len());
        for delivery in batch {
            if let Some(outputs) = known.remove(&delivery.id) {
                outcomes.push((delivery.subject.as_str(), "journal_hit"));
                taken.again.extend(outputs);
                continue;
            }
            match read::<P>(delivery) {
                Ok(message) => {
                    heard.push(message);
                    deliveries.push(*delivery);
                }
                Err(why) => {
                    outcomes.push((&delivery.subject, PARKED));
                    let span = spans.message(delivery);
                    entries.push(
                        self.give_up(&mut tx, delivery, &why.to_string(), spans.of(span), "unreadable")
                            .await?,
                    );
                }
            }
        }
        if !heard.is_empty() {
            let load = spans.database("load");
            let mut state = P::load(&self.rules, &mut tx, &heard).await?;
            drop(load);
            for (message, delivery) in heard.iter().zip(deliveries) {
                let span = spans.message(delivery);
                let (decision, outcome) = {
                    let _entered = spans.of(span).map(Step::enter);
                    let decision = state.decide(message);
                    let outcome = outcome_of(&decision);
                    let order_id =
                        delivery.about.filter(|_| is_about_an_order(&delivery.subject)).map(display);
                    tracing::debug!(service, subject = delivery.subject, order_id, outcome, "decided");
                    (decision, outcome)
                };
                spans.of(span).into_iter().for_each(|step| step.tell("starling.outcome", outcome));
                outcomes.push((&delivery.subject, outcome));
                entries.push(match conclude::<P>(delivery, decision, span, spans)? {
                    Ok(outputs) => Entry { id: delivery.id, outputs, dead: false },
                    Err(why) => self.give_up(&mut tx, delivery, &why, spans.of(span), "impossible").await?,
                });
            }
            let AfterCommit { live, attempts, counts } = state.save(self.caller.lease(), &mut writes)?;
            (taken.live, taken.attempts, told) = (live, attempts, counts);
        }
        journal::write(&mut writes, &mut entries)?;
        spans.leave(&mut writes);
        let save = spans.database("save");
        writes.run(&mut tx).await?;
        drop(save);
        let commit = spans.database("commit");
        tx.commit().await?;
        drop(commit);
        told.tell();
        count(service, outcomes);
        taken.fresh = entries.into_iter().flat_map(|entry| entry.outputs).collect();
        Ok(taken)
    }

    /// Makes a message a dead letter, in a transaction of its own; `kind` is why, without anything of the message.
    pub async fn bury(
        &self,
        delivery: &Delivery,
        why: &str,
        kind: &'static str,
    ) -> Result<Taken<P::Attempt>, Failed> {
        let mut spans = Spans::begin(self.service, &self.trails, &[delivery]);
        let span = spans.message(delivery);
        let mut tx = self.db.begin().await?;
        let mut entries = [self.give_up(&mut tx, delivery, why, spans.of(span), kind).await?];
        let mut writes = Writes::default();
        journal::write(&mut writes, &mut entries)?;
        spans.leave(&mut writes);
        writes.run(&mut tx).await?;
        tx.commit().await?;
        drop(spans.committed());
        count(self.service, vec![(&delivery.subject, PARKED)]);
        let [entry] = entries;
        Ok(Taken { fresh: entry.outputs, ..Taken::default() })
    }

    /// Buries a message: its journal entry's output is the dead letter.
    async fn give_up(
        &self,
        tx: &mut crate::Db,
        delivery: &Delivery,
        why: &str,
        step: Option<&Step>,
        kind: &'static str,
    ) -> Result<Entry, Failed> {
        let (service, why) = (self.service, &why[..why.floor_char_boundary(WHY_BYTES)]);
        {
            let _entered = step.map(Step::enter);
            let order_id = delivery.about.filter(|_| is_about_an_order(&delivery.subject)).map(display);
            tracing::error!(service, subject = delivery.subject, message_id = %delivery.id, order_id, why,
                "given up: dead letter");
        }
        step.into_iter().for_each(|step| step.failed(kind));
        journal::bury(tx, delivery, why).await?;
        let letter = dead::letter_of(service, delivery, why)?;
        Ok(Entry { id: delivery.id, outputs: vec![letter], dead: true })
    }
}

pub(crate) fn read<P: Participant>(delivery: &Delivery) -> Result<Heard<P::Hears>, Unreadable> {
    let message = P::Hears::read(&delivery.subject, &delivery.body)?;
    Ok(Heard { id: delivery.id, at: delivery.at, message, way: delivery.way() })
}

/// Counts what was committed.
fn count(service: &'static str, mut outcomes: Vec<(&str, &'static str)>) {
    if !telemetry::is_measured() {
        return;
    }
    outcomes.sort_unstable();
    for alike in outcomes.chunk_by(|one, other| one == other) {
        let [(subject, outcome), ..] = alike else { continue };
        telemetry::consumed(service, subject, outcome, alike.len());
        if *outcome == PARKED {
            telemetry::dead(service, alike.len());
        }
    }
}

/// The word under which a decision is counted.
const fn outcome_of<T>(decision: &Decision<T>) -> &'static str {
    match decision {
        Decision::Accept(_) => "accepted",
        Decision::Ignore(Why::Repeat) => "ignored_repeat",
        Decision::Ignore(Why::TooLate) => "ignored_too_late",
        Decision::Ignore(Why::Impossible(_)) => PARKED,
    }
}

/// Turns a decision into outputs; or says why the message is to be parked. `span` is the message's.
pub(crate) fn conclude<P: Participant>(
    delivery: &Delivery,
    decision: Decision<P::Tells>,
    span: Option<usize>,
    spans: &mut Spans<'_>,
) -> Result<Result<Vec<Outgoing>, String>, Failed> {
    let facts = match decision {
        Decision::Accept(facts) => facts,
        Decision::Ignore(Why::Repeat | Why::TooLate) => return Ok(Ok(vec![])),
        Decision::Ignore(Why::Impossible(why)) => return Ok(Err(why)),
    };
    let mut outputs = Vec::with_capacity(facts.len());
    for fact in &facts {
        let output = Outgoing::fact(fact, delivery.id)?;
        if output.body.len() > OUTPUT_BYTES {
            return Err(Failed::TooLarge(output.body.len()));
        }
        let trace = spans.send(span, &output.subject, output.about);
        outputs.push(output.traced(trace.or_else(|| delivery.trace.clone())));
    }
    Ok(Ok(outputs))
}
