//! Redriving a dead letter: it is decided again under its original id, so that nobody else applies the fact twice.

use crate::{
    Participant, Redrive, Writes,
    batch::{Desk, Taken},
    delivery::Delivery,
    failed::Failed,
    journal::{self, Entry},
    participant::AfterCommit,
    spans::Spans,
    telemetry::Counts,
    transaction::{conclude, read},
};

impl<P: Participant> Desk<P> {
    /// Does what a redrive command asks for, if its letter still is dead.
    pub async fn redrive(&self, command: &Delivery) -> Result<Taken<P::Attempt>, Failed> {
        let mut tx = self.db.begin().await?;
        let (mut taken, mut writes, mut told) = (Taken::default(), Writes::default(), Counts::default());
        let mut spans = Spans::begin(self.service, &self.trails, &[]);
        if let Some((_, outputs)) = journal::read(&mut tx, &[command.id]).await?.pop_first() {
            taken.again = outputs;
            return Ok(taken);
        }
        let mut entry = Entry { id: command.id, outputs: vec![], dead: false };
        let Ok(Redrive { message_id }) = serde_json::from_slice(&command.body) else {
            return self.bury(command, "not a Redrive", "unreadable").await;
        };
        if let Some(letter) = journal::exhume(&mut tx, message_id).await? {
            let original = Delivery::exhumed(message_id, letter, command);
            match read::<P>(&original) {
                Ok(message) => {
                    let mut state = P::load(&self.rules, &mut tx, std::slice::from_ref(&message)).await?;
                    let span = spans.message(&original);
                    let decided = conclude::<P>(&original, state.decide(&message), span, &mut spans)?;
                    if decided.is_err() {
                        spans.of(span).into_iter().for_each(|step| step.failed("impossible"));
                    }
                    if let Ok(outputs) = decided {
                        let AfterCommit { live, attempts, counts } =
                            state.save(self.caller.lease(), &mut writes)?;
                        (taken.live, taken.attempts, told) = (live, attempts, counts);
                        journal::revive(&mut tx, message_id, &outputs).await?;
                        entry.outputs = outputs;
                    }
                }
                Err(why) => {
                    tracing::warn!(service = self.service, %message_id, %why, "redriven in vain: still unreadable");
                }
            }
        }
        taken.fresh = entry.outputs.clone();
        journal::write(&mut writes, &mut [entry])?;
        spans.leave(&mut writes);
        writes.run(&mut tx).await?;
        tx.commit().await?;
        told.tell();
        taken.sends = spans.committed();
        Ok(taken)
    }

    /// A redrive that failed: the original stays the dead letter that it was, and the wish was heard. It makes no dead
    /// letter of its own, or each try in vain would add one.
    pub async fn redriven_in_vain(&self, command: &Delivery, why: &str) -> Result<Taken<P::Attempt>, Failed> {
        tracing::warn!(service = self.service, message_id = %command.id, why, "redriven in vain");
        let mut tx = self.db.begin().await?;
        let mut writes = Writes::default();
        journal::write(&mut writes, &mut [Entry { id: command.id, outputs: vec![], dead: false }])?;
        writes.run(&mut tx).await?;
        tx.commit().await?;
        Ok(Taken::default())
    }
}
