//! The flock in one program, and its operator's tools. [`flock`] lists the services, [`cli`] the commands.

pub mod cli;
pub mod flock;

pub mod provision;
pub mod run;

pub mod accounts;
pub mod audit;
mod contracts_command;
pub mod dead;
pub mod heal;
pub mod import;
pub mod replay;
pub mod sandbox_pay;
pub mod seed;
pub mod stuck;
pub mod timeline;
pub mod token;

pub mod documents;
pub mod gateway_client;
pub mod operator;
pub mod progress;
pub mod retail;
