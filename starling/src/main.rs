//! The binary: the allocator, the runtime, the exit code.

use clap::Parser;
use starling::cli::Cli;
use std::process::ExitCode;

/// Batches allocate and free a lot at once, on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(Cli::parse().execute()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("starling: {error:#}");
            ExitCode::FAILURE
        }
    }
}
