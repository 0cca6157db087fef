//! The bench while it runs: the flock, and what is known so far.

use crate::{
    flock::{Flock, Shape},
    limits,
    load::{Load, Pace},
    machine,
    mix::Mix,
    plan::Plan,
    results::{Results, Scenario},
    scenarios::{self, SCENARIOS},
    template::Templates,
    verdicts,
};
use std::path::PathBuf;

/// The bench while it runs.
pub struct Bench {
    /// What to measure.
    pub plan: Plan,
    /// What is measured.
    pub flock: Flock,
    /// What is known so far.
    pub results: Results,
    /// Whether something could not be measured for another reason than want of room.
    pub broken: bool,
    saturation: Option<f64>,
    dir: PathBuf,
    flocks: u32,
}

impl Bench {
    /// Starts a flock.
    pub async fn start(plan: Plan, dir: PathBuf) -> anyhow::Result<Self> {
        eprintln!("starting: servers and flock");
        let flock = Flock::start(&plan.starling, &dir.join("flock-0")).await?;
        let results = Results {
            date: chassis::clock::now().to_string(),
            commit: machine::commit(),
            machine: machine::machine(),
            settings: plan.noted(),
            at_rest_mb: flock
                .used()
                .processes
                .iter()
                .map(|(name, usage)| ((*name).to_owned(), usage.memory_mb()))
                .collect(),
            ..Results::default()
        };
        Ok(Self { saturation: plan.saturation, plan, flock, results, broken: false, dir, flocks: 1 })
    }

    /// Measures what is wanted. What fails is noted, and the rest goes on.
    pub async fn run(&mut self) -> anyhow::Result<()> {
        if self.plan.wants("limits") {
            match Box::pin(limits::measure(self)).await {
                Ok(limits) => self.results.limits = Some(limits),
                Err(error) => self.breaks("limits", &error),
            }
            self.flock.run(Shape::Together).await?;
        }
        for (name, what) in SCENARIOS {
            if !self.plan.wants(name) {
                continue;
            }
            eprintln!("measuring: {name}: {what}");
            let measured = Box::pin(scenarios::run(name, self)).await;
            let measured = measured.unwrap_or_else(|error| {
                self.breaks(name, &error);
                vec![Scenario::not_measured(name, what, format!("{error:#}"))]
            });
            self.results.scenarios.extend(measured);
            // Whatever the scenario left behind.
            self.flock.run(Shape::Together).await?;
        }
        verdicts::judge(&mut self.results);
        Ok(())
    }

    fn breaks(&mut self, name: &str, error: &anyhow::Error) {
        eprintln!("  ! {name}: {error:#}");
        self.broken = true;
    }

    /// Replaces the flock by one with empty tables and streams.
    pub async fn anew(&mut self) -> anyhow::Result<()> {
        self.flock.stop();
        self.flock = self.another().await?;
        Ok(())
    }

    /// A flock with empty tables and streams, beside the one there is.
    pub async fn another(&mut self) -> anyhow::Result<Flock> {
        let dir = self.dir.join(format!("flock-{}", self.flocks));
        self.flocks += 1;
        Flock::start(&self.plan.starling, &dir).await
    }

    /// Places orders to be copied.
    pub async fn templates(&self) -> anyhow::Result<Templates> {
        Templates::take(&self.flock, self.plan.connections).await
    }

    /// The usual load.
    #[must_use]
    pub fn load(&self, pace: Pace, mix: Mix) -> Load {
        Load {
            pace,
            mix,
            connections: self.plan.connections,
            warm_up: self.plan.warm_up(),
            measured: self.plan.measured(),
            reads_per_order: 0.0,
        }
    }

    /// The load at saturation.
    #[must_use]
    pub fn saturated(&self, mix: Mix) -> Load {
        self.load(Pace::InFlight(self.plan.in_flight()), mix)
    }

    /// Orders a second at saturation: as given, as measured before, or measured now.
    pub async fn saturation(&mut self) -> anyhow::Result<f64> {
        if let Some(known) = self.saturation {
            return Ok(known);
        }
        let measured = scenarios::saturation::run(self).await?;
        let orders_s = measured.iter().map(|scenario| scenario.orders_s).fold(0.0, f64::max);
        anyhow::ensure!(orders_s > 0.0, "no order was settled at saturation");
        self.saturation = Some(orders_s);
        Ok(orders_s)
    }

    /// Notes what saturation is.
    pub const fn saturates_at(&mut self, orders_s: f64) {
        self.saturation = Some(orders_s);
    }
}
