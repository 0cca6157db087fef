//! Accounts through the front door: gateway, identity, NATS, Postgres and Redis, all real.

mod admin;
mod api_keys;
mod browser;
mod guessing;
mod mails;
mod me;
mod oidc;
mod second_factor;
mod sessions;
mod sign_in;
pub mod world;
