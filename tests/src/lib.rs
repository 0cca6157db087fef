//! The whole flock for tests: real servers, real processes, real HTTP, as a user would run it.
//!
//! Tests that only need a running flock share one ([`Flock::shared`]); those that break something start their own.

mod account;
mod binary;
mod detours;
mod errand;
mod flock;
pub use binary::starling;
pub use detours::Detours;
pub use flock::{Flock, SERVICES, Shape};

mod client;
mod live;
mod order;
mod shop;
mod till;
pub use client::{Answer, Client};
pub use live::{Live, LiveEvent};
pub use order::{Order, line};

mod books;
mod log;
mod temper;
pub use log::LogLines;
pub use temper::{Outsider, Temper};
mod dead;
mod hold;
mod reader;
mod story;
mod tap;
pub use books::{Booking, Charge};
pub use hold::Hold;
pub use story::Story;
pub use tap::{Passed, Tap};

mod load;
mod pulse;
mod sales;
mod told;
pub use load::{Bought, Load, Sales, Wish};
pub use pulse::{Beats, Pulse};
pub use told::Told;

mod extent;
mod wait;
pub use errand::run_to_its_end;
pub use extent::{is_long, lasting, measured};
pub use wait::{eventually, eventually_within};
