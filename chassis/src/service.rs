//! A service at a glance: what it keeps, hears, tells, answers; and how it is run.

use crate::{
    Ctx, Fault, Health, Listener, Outside, Participant, Sweep, Tasks, Wiring, answer, caller, dead,
    handover::{Giver, handover},
    lane, listener,
    parts::Parts,
    settings, sweep, telemetry,
};
use contracts::{MessageEnum, MessageInfo, Request};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::migrate::Migrator;
use std::{convert::Infallible, future::Future, pin::Pin, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Time for what was said last to leave the process.
const LAST_WORDS: Duration = Duration::from_secs(1);

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;
type Part = Box<dyn FnOnce(Parts) -> Running + Send>;

/// A service, declared.
pub struct Service {
    wiring: Wiring,
    migrations: Option<&'static Migrator>,
    parts: Vec<Part>,
}

impl Service {
    /// A service without anything yet.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        let wiring =
            Wiring { name, hears: &[], tells: &[], sends: &[], live: &[], answers: vec![], keeps: false };
        Self { wiring, migrations: None, parts: vec![] }
    }

    /// Has a Postgres database of its own, made by these migrations.
    #[must_use]
    pub fn keeps(mut self, migrations: &'static Migrator) -> Self {
        self.migrations = Some(migrations);
        self.wiring.keeps = true;
        self
    }

    /// Takes part in the choreography by these rules.
    #[must_use]
    pub fn participant<P: Participant<Attempt = Infallible>>(self, rules: P::Rules) -> Self {
        let (giver, _) = handover(Duration::ZERO);
        self.lane::<P>(rules, giver)
    }

    /// The same for one who also asks the outside world: what its decisions record is called.
    #[must_use]
    pub fn participant_calling<P, O>(mut self, rules: P::Rules, outside: O) -> Self
    where
        P: Participant<Attempt = O::Attempt>,
        O: Outside,
    {
        let (giver, taker) = handover(caller::lease_time(outside.limits()));
        self.parts.push(Box::new(move |parts| Box::pin(caller::run(parts, outside, taker))));
        self.lane::<P>(rules, giver)
    }

    fn lane<P: Participant>(mut self, rules: P::Rules, caller: Giver<P::Attempt>) -> Self {
        self.wiring.hears = P::Hears::INFOS;
        self.wiring.tells = P::Tells::INFOS;
        self.parts.push(Box::new(move |parts| Box::pin(lane::run::<P>(parts, rules, caller))));
        let name = self.wiring.name;
        self.answers_on(dead::list_subject(name), "req.*.dead_list", dead::list).answers_on(
            dead::show_subject(name),
            "req.*.dead_show",
            dead::show,
        )
    }

    /// Keeps what it hears elsewhere than in Postgres.
    #[must_use]
    pub fn listener<L: Listener>(mut self, listener: L) -> Self {
        self.wiring.hears = L::HEARS;
        self.parts.push(Box::new(move |parts| Box::pin(listener::run(parts, listener))));
        self
    }

    /// Tells events that no message but a request brings about.
    #[must_use]
    pub const fn tells(mut self, tells: &'static [&'static MessageInfo]) -> Self {
        self.wiring.tells = tells;
        self
    }

    /// Speaks on core NATS after its commits ([`crate::AfterCommit::live`]).
    #[must_use]
    pub const fn live(mut self, subjects: &'static [&'static str]) -> Self {
        self.wiring.live = subjects;
        self
    }

    /// Answers a request.
    #[must_use]
    pub fn answers<R, F, A>(self, handler: F) -> Self
    where
        R: Request,
        F: Fn(Ctx, R) -> A + Send + Sync + 'static,
        A: Future<Output = Result<R::Reply, Fault>> + Send + 'static,
    {
        self.answers_on(R::SUBJECT.to_owned(), R::SUBJECT, move |ctx, question: R| {
            question.order().into_iter().for_each(|order| telemetry::about_order(order.0));
            handler(ctx, question)
        })
    }

    fn answers_on<Q, R, F, A>(mut self, subject: String, label: &'static str, handler: F) -> Self
    where
        Q: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
        F: Fn(Ctx, Q) -> A + Send + Sync + 'static,
        A: Future<Output = Result<R, Fault>> + Send + 'static,
    {
        self.wiring.answers.push(subject.clone());
        self.parts.push(Box::new(move |parts| Box::pin(answer::run(parts, subject, label, handler))));
        self
    }

    /// Has timers, which send these commands (or announce unpublished events of the service's own).
    #[must_use]
    pub fn sweeps<S: Sweep>(mut self, sends: &'static [&'static MessageInfo]) -> Self {
        if !sends.is_empty() {
            self.wiring.sends = sends;
        }
        self.parts.push(Box::new(|parts| Box::pin(sweep::run::<S>(parts))));
        self
    }

    /// Does work of its own beside what it is asked and told, such as sending what waits in its tables. The work ends when
    /// it is told to stop.
    #[must_use]
    pub fn works<F, W>(mut self, work: F) -> Self
    where
        F: FnOnce(Ctx, CancellationToken) -> W + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        self.parts.push(Box::new(|parts| Box::pin(work(Ctx::of(&parts), parts.tasks.stop().clone()))));
        self
    }

    /// What it says and listens to.
    #[must_use]
    pub const fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    /// Its migrations.
    #[must_use]
    pub const fn migrations(&self) -> Option<&'static Migrator> {
        self.migrations
    }

    /// Runs until `tasks` is told to stop and all batches at hand are finished.
    ///
    /// # Errors
    /// When NATS or the database cannot be reached, or refuses the service's user, at the start.
    pub async fn run(
        self,
        places: &settings::Parts,
        runtime: Arc<settings::Runtime>,
        health: Health,
        tasks: Tasks,
    ) -> anyhow::Result<()> {
        let parts = Parts::start(self.wiring, places, runtime, health, tasks.clone()).await?;
        let client = parts.nats.client.clone();
        for part in self.parts {
            tasks.spawn(part(parts.clone()));
        }
        // The publisher ends with its last handle.
        drop(parts);
        tasks.stop().cancelled().await;
        tasks.ended().await;
        // Last acknowledgements and answers may still wait to be written. Without a connection they are lost, as on a crash.
        drop(tokio::time::timeout(LAST_WORDS, client.flush()).await);
        Ok(())
    }
}
