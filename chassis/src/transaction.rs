//! One transaction: journal, load, decide, save, commit.

use crate::{
    Decision, Heard, Outgoing, Participant, Why, Writes,
    batch::{Desk, Taken, Trust},
    dead,
    delivery::Delivery,
    failed::Failed,
    journal::{self, Entry},
    participant::AfterCommit,
    telemetry,
};
use contracts::{MessageEnum, MessageId, Unreadable};
use std::collections::BTreeMap;

/// The largest output: a larger one is refused before commit, since no stream would take it with its headers.
const OUTPUT_BYTES: usize = 512 << 10;
/// Longest reason that is kept with a dead letter: some errors quote what they met.
const WHY_BYTES: usize = 300;

impl<P: Participant> Desk<P> {
    /// One try.
    pub async fn transact(&self, batch: &[&Delivery], trust: Trust) -> Result<Taken<P::Attempt>, Failed> {
        let service = self.service;
        let mut tx = self.db.begin().await?;
        let mut known = match trust {
            Trust::Fresh => BTreeMap::new(),
            Trust::Look => {
                let ids: Vec<MessageId> = batch.iter().map(|delivery| delivery.id).collect();
                journal::read(&mut tx, &ids).await?
            }
        };
        let (mut taken, mut writes) = (Taken::default(), Writes::default());
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
                    outcomes.push((&delivery.subject, "parked"));
                    entries.push(give_up(service, &mut tx, delivery, &why.to_string()).await?);
                }
            }
        }
        if !heard.is_empty() {
            let mut state = P::load(&self.rules, &mut tx, &heard).await?;
            for (message, delivery) in heard.iter().zip(deliveries) {
                let decision = state.decide(message);
                outcomes.push((&delivery.subject, outcome_of(&decision)));
                entries.push(match conclude::<P>(service, delivery, decision)? {
                    Ok(outputs) => Entry { id: delivery.id, outputs, dead: false },
                    Err(why) => give_up(service, &mut tx, delivery, &why).await?,
                });
            }
            let AfterCommit { live, attempts } = state.save(self.caller.lease(), &mut writes)?;
            (taken.live, taken.attempts) = (live, attempts);
        }
        journal::write(&mut writes, &mut entries)?;
        writes.run(&mut tx).await?;
        tx.commit().await?;
        for (subject, outcome) in outcomes {
            telemetry::consumed(service, subject, outcome, 1);
        }
        taken.fresh = entries.into_iter().flat_map(|entry| entry.outputs).collect();
        Ok(taken)
    }

    /// Makes a message a dead letter, in a transaction of its own.
    pub async fn bury(&self, delivery: &Delivery, why: &str) -> Result<Taken<P::Attempt>, Failed> {
        let mut tx = self.db.begin().await?;
        let mut entries = [give_up(self.service, &mut tx, delivery, why).await?];
        let mut writes = Writes::default();
        journal::write(&mut writes, &mut entries)?;
        writes.run(&mut tx).await?;
        tx.commit().await?;
        telemetry::consumed(self.service, &delivery.subject, "parked", 1);
        let [entry] = entries;
        Ok(Taken { fresh: entry.outputs, ..Taken::default() })
    }
}

pub(crate) fn read<P: Participant>(delivery: &Delivery) -> Result<Heard<P::Hears>, Unreadable> {
    let message = P::Hears::read(&delivery.subject, &delivery.body)?;
    Ok(Heard { id: delivery.id, at: delivery.at, message, way: delivery.way() })
}

/// The word under which a decision is counted.
const fn outcome_of<T>(decision: &Decision<T>) -> &'static str {
    match decision {
        Decision::Accept(_) => "accepted",
        Decision::Ignore(Why::Repeat) => "ignored_repeat",
        Decision::Ignore(Why::TooLate) => "ignored_too_late",
        Decision::Ignore(Why::Impossible(_)) => "parked",
    }
}

/// Turns a decision into outputs; or says why the message is to be parked.
pub(crate) fn conclude<P: Participant>(
    service: &'static str,
    delivery: &Delivery,
    decision: Decision<P::Tells>,
) -> Result<Result<Vec<Outgoing>, String>, Failed> {
    let facts = match decision {
        Decision::Accept(facts) => facts,
        Decision::Ignore(Why::Repeat | Why::TooLate) => return Ok(Ok(vec![])),
        Decision::Ignore(Why::Impossible(why)) => return Ok(Err(why)),
    };
    let parent = delivery.trace.as_deref();
    let step = telemetry::continue_trace(parent, "process", service, &delivery.subject, delivery.about);
    let trace = step.as_ref().map_or_else(|| delivery.trace.clone(), |step| Some(step.traceparent()));
    let mut outputs = Vec::with_capacity(facts.len());
    for fact in &facts {
        let output = Outgoing::fact(fact, delivery.id)?.traced(trace.clone());
        if output.body.len() > OUTPUT_BYTES {
            return Err(Failed::TooLarge(output.body.len()));
        }
        outputs.push(output);
    }
    Ok(Ok(outputs))
}

/// Buries a message: its journal entry's output is the dead letter.
async fn give_up(
    service: &'static str,
    tx: &mut crate::Db,
    delivery: &Delivery,
    why: &str,
) -> Result<Entry, Failed> {
    let why = &why[..why.floor_char_boundary(WHY_BYTES)];
    telemetry::dead(service);
    tracing::error!(service, subject = delivery.subject, message_id = %delivery.id, why, "given up: dead letter");
    journal::bury(tx, delivery, why).await?;
    let letter = dead::letter_of(service, delivery, why)?;
    Ok(Entry { id: delivery.id, outputs: vec![letter], dead: true })
}
