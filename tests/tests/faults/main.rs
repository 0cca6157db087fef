//! What breaks while orders are being placed, on real servers: what was accepted is kept, what cannot be kept is not
//! accepted, and afterwards every book is exact. `docs/faults.md` lists what is promised and which test shows it.
//!
//! Every test run has each fault for a moment; `cargo xtask faults` has them for as long as it says there.

mod selling;

mod cluster;
mod heal;
mod outside;
mod poison;
mod postgres;
mod processes;
mod proxied;
mod rolling;
mod servers;
mod stores;
mod streams;
