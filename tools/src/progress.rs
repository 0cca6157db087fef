//! One line on stderr for each long step, so that nobody wonders what is going on.

use crate::deadline::Stopwatch;

/// Prints what a long step is about, does it, and prints how long it took.
pub fn step<T>(what: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    eprintln!("  … {what}");
    let watch = Stopwatch::start();
    let outcome = work();
    let seconds = watch.elapsed().as_secs_f32();
    match &outcome {
        Ok(_) => eprintln!("  ✓ {what} ({seconds:.1} s)"),
        Err(_) => eprintln!("  ✗ {what} ({seconds:.1} s)"),
    }
    outcome
}
