//! Runs seeds: one, with its story if wanted; or many, on several threads.

mod failure;
mod many;

pub use failure::Failure;
pub use many::{Report, many};

use crate::{
    air::Air, broken::Broken, coverage::Coverage, faults::Faults, laws, letter::NO_ORDER, mutants::Mutant,
    plan::Plan, random::Random, story::Story, world::World,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Every so manieth seed goes through the real bytes.
const BYTES_EVERY: u64 = 50;

/// How seeds are run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Orders in each, 1 to 24.
    pub orders: u8,
    /// The planted bug.
    pub mutant: Mutant,
    /// Messages are written and read as bytes: by the seed, if not said.
    pub bytes: Option<bool>,
    /// The seed of what people want, if it is not the seed of what happens: then one plain order that nobody
    /// interferes with.
    pub undisturbed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { orders: 3, mutant: Mutant::None, bytes: None, undisturbed: None }
    }
}

/// What came of a seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Steps that it took.
    pub steps: u64,
    /// Of all steps.
    pub hash: u64,
    /// How the first order ended: whether it stands, if it was placed.
    pub stands: Option<bool>,
    /// What was reached.
    pub coverage: Coverage,
}

/// Runs one seed.
///
/// # Errors
/// The law that it breaks, with the story of the order.
pub fn one(seed: u64, options: &Options) -> Result<Run, Box<Failure>> {
    let broken = match attempt(seed, options, Story::default()).0 {
        Ok(run) => return Ok(run),
        Err(broken) => broken,
    };
    // The same once more, with its story.
    let (again, story) = attempt(seed, options, Story::told());
    let same = again.is_err_and(|again| again == broken);
    let story = story.of(broken.order);
    Err(Box::new(Failure { seed, options: *options, broken, story, same }))
}

/// One seed, told in full whatever comes of it.
#[must_use]
pub fn told(seed: u64, options: &Options) -> Vec<String> {
    attempt(seed, options, Story::told()).1.of(NO_ORDER)
}

fn attempt(seed: u64, options: &Options, story: Story) -> (Result<Run, Broken>, Story) {
    let mut world = world(seed, options, story);
    let outcome = catch_unwind(AssertUnwindSafe(|| live(&mut world)));
    let outcome = outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(Broken::somewhere("nothing panics", text.unwrap_or_default()))
    });
    let story = std::mem::take(&mut world.air.story);
    let stands = world.order(0).map(laws::stands);
    let Air { steps, hash, coverage, .. } = world.air;
    (outcome.map(|()| Run { steps, hash, stands, coverage }), story)
}

fn world(seed: u64, options: &Options, story: Story) -> World {
    let mut chance = Random::new(seed, 1);
    let faults = Faults::of(&mut chance);
    let plan = match options.undisturbed {
        Some(plan) => Plan::undisturbed(&mut Random::new(plan, 2)),
        None => Plan::of(&mut Random::new(seed, 2), options.orders.clamp(1, 24)),
    };
    let faults =
        if options.undisturbed.is_some() { Faults { deadline: 0, bank: 0, ..faults } } else { faults };
    let bytes = options.bytes.unwrap_or(seed.is_multiple_of(BYTES_EVERY));
    World::new(plan, Air::new(chance, faults, options.mutant, bytes, story))
}

fn live(world: &mut World) -> Result<(), Broken> {
    world.storm()?;
    world.heal()?;
    laws::at_rest(world)
}
