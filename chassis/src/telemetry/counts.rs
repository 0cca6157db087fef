//! What is counted of a transaction: told once it is committed, and never of one that was rolled back.

use super::instrument::is_measured;
use std::fmt;

/// Measurements that wait for a commit. Dropped, they were never taken.
///
/// A message that comes again finds its journal row and is not decided again, so it is not counted twice. A crash
/// between commit and telling loses them: a count is no book.
#[derive(Default)]
pub struct Counts(Vec<Box<dyn FnOnce() + Send>>);

impl Counts {
    /// Takes a measurement once the transaction is committed. Nothing is kept when telemetry is off.
    pub fn then(&mut self, tell: impl FnOnce() + Send + 'static) {
        if is_measured() {
            self.0.push(Box::new(tell));
        }
    }

    /// The transaction was committed.
    pub(crate) fn tell(self) {
        self.0.into_iter().for_each(|tell| tell());
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Counts({})", self.0.len())
    }
}
