//! Finds, installs and runs the real servers that Starling stands on, as child processes.
//!
//! Tests start their own on free ports and kill, pause and restart them at will:
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! let scratch = tools::scratch::Scratch::new("my-test")?;
//! let servers = tools::Servers::start(scratch.path(), "")?;
//! println!("{} {}", servers.nats.url(), servers.postgres.url());
//! servers.nats.kill()?; // like a power cut
//! servers.nats.start_again()?; // same port, same data
//! # Ok(())
//! # }
//! ```
//!
//! Everything here blocks; call it from a plain thread or from `spawn_blocking`.
//! Nothing in this crate knows Starling's services.

pub mod mongo;
pub mod nats;
pub mod nats_cluster;
pub mod postgres;
pub mod redis;

#[cfg(feature = "collector")]
pub mod collector;
pub mod lgtm;
pub mod oidc;
pub mod promtool;
pub mod s3;
pub mod webdriver;

pub mod proxy;

mod servers;
pub use servers::{Place, Ports, Servers};

mod parts;
pub use parts::{Part, Parts, Source, parts, wipe};

pub mod scratch;

mod program;
pub use program::program;

mod process;
pub use process::Process;
mod server;
pub use server::Server;

pub mod cache;
mod progress;
pub use progress::step;
mod compose;
mod deadline;
mod errand;
mod file_lock;
mod find;
mod go;
mod home;
mod kin;
mod launch;
mod packages;
mod port;
pub mod python;
mod settings;
mod spawner;
