//! What a running flock does, end to end: real servers, a real process, real HTTP.
//!
//! The tests share one flock and run side by side, so each has customers and products of its own; those that need
//! other settings, or take a server away, start their own.

mod outcomes;
mod undeliverable;

mod cancelling;
mod dispatching;
mod expiring;

mod paying;
mod provider;
mod refunds;
mod webhooks;

mod audited;
mod crowd;
mod stock;

mod api;
mod collection;
mod idempotency;
mod leaving;
mod live;
mod permissions;
mod roles;

mod signals;
