//! Shipping's tests: the table of its rules, the laws under any order of events, its SQL on a real Postgres, and
//! the sandbox carrier.
#![cfg(test)]

mod declaration;
mod given;
mod laws;
mod leavers;
mod queue;
mod requests;
mod sandbox;
mod store;
mod table;
mod world;
