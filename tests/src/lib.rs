//! The whole flock for tests: real servers, real processes, real HTTP, as a user would run it.
//!
//! Tests that only need a running flock share one ([`Flock::shared`]); those that break something start their own.

mod binary;
mod client;
mod flock;
mod order;
mod wait;

pub use binary::starling;
pub use client::{Answer, Client};
pub use flock::{Flock, Shape};
pub use order::{Order, line};
pub use wait::{eventually, eventually_within};
