//! Payments: its decisions in a table and under chaos, its tables, its provider, its log.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod calls;
mod glance;
mod laws;
mod leavers;
mod log;
mod rules;
mod sandbox;
mod store;
mod table;
mod world;
