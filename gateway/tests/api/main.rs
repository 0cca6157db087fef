//! The gateway on a real NATS and a real Redis, through HTTP. With `orders`, `catalog` and
//! `identity` where it is about their answers; what needs all services is tested end to end.
#![expect(clippy::unwrap_used, reason = "all of this is test code: a panic is how it fails")]

mod accounts;
mod admin;
mod bad_input;
mod browsers;
mod catalog;
mod documents;
mod encrypted;
mod gateway;
mod idempotency;
mod limits;
mod orders;
mod outages;
mod quotas;
mod roles;
mod services;
mod shop;
mod slow;
mod tokens;
mod webhooks;
mod with_orders;
