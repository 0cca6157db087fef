//! The choreography without servers: the real `decide` functions and the real routing, on a modelled chassis, under
//! one seeded scheduler; and the laws that hold always, and at rest.

mod air;
mod broken;
mod coverage;
mod desk;
mod faults;
mod laws;
mod letter;
mod mutants;
mod outside;
mod part;
mod parts;
mod plan;
mod random;
mod run;
mod story;
mod world;

pub use broken::Broken;
pub use coverage::{Coverage, Pair};
pub use letter::Letter;
pub use mutants::Mutant;
pub use part::Service;
pub use run::{Failure, Options, Report, Run, many, one, told};
