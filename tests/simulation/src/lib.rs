//! The choreography without servers: the real `decide` functions and the real routing, on a network that delivers
//! in any order, any number of times; and the laws that hold always, and at rest.

mod customer;
mod laws;
mod outside;
mod world;

pub use customer::{Wish, shop};
pub use laws::{at_rest, outcome};
pub use outside::Temper;
pub use world::{Step, World};
