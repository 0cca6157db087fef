//! From a decision to a call in one transaction: attempts that are recorded while the caller has places free are leased
//! as they are written, and handed over once they are committed. No second transaction looks for them.
//!
//! What is handed over and lost in a crash is found when its lease has run out. In an orderly stop nothing is lost: the
//! caller ends after who decides.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, mpsc};

/// What a transaction may lease of the attempts that it records: the first `places`, for `time`. All others are due.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// How many.
    pub places: usize,
    /// For how long, from now.
    pub time: Duration,
}

impl Lease {
    /// Nothing is leased: nobody calls.
    pub const NONE: Self = Self { places: 0, time: Duration::ZERO };

    /// Which of these new attempts are leased, given whether each is due; and whether some stay due.
    #[must_use]
    pub fn which(&self, due: impl Iterator<Item = bool>) -> (Vec<bool>, bool) {
        let (mut places, mut left_due) = (self.places, false);
        let which = due.map(|due| {
            let leased = due && places > 0;
            places -= usize::from(leased);
            left_due |= due && !leased;
            leased
        });
        (which.collect(), left_due)
    }

    /// The time in milliseconds, as statements take it.
    #[must_use]
    pub fn millis(&self) -> i64 {
        i64::try_from(self.time.as_millis()).unwrap_or(i64::MAX)
    }
}

/// The attempts that a transaction recorded, once it is committed.
#[derive(Debug)]
pub struct Recorded<A> {
    /// Leased: to be called now.
    pub leased: Vec<A>,
    /// Others are due: to be looked for.
    pub due: bool,
}

impl<A> Default for Recorded<A> {
    fn default() -> Self {
        Self { leased: vec![], due: false }
    }
}

/// The deciding end.
pub(crate) struct Giver<A> {
    places: Arc<AtomicUsize>,
    time: Duration,
    send: mpsc::UnboundedSender<A>,
    due: Arc<Notify>,
}

/// The calling end.
pub(crate) struct Taker<A> {
    places: Arc<AtomicUsize>,
    /// Attempts that are leased, and wait to be called.
    pub leased: mpsc::UnboundedReceiver<A>,
    /// Told when attempts were recorded that nobody leased.
    pub due: Arc<Notify>,
}

/// Connects who decides with who calls; each lease is to last so long. What waits between them is bounded by the places
/// that the caller names.
pub(crate) fn handover<A>(time: Duration) -> (Giver<A>, Taker<A>) {
    let (places, due) = (Arc::<AtomicUsize>::default(), Arc::<Notify>::default());
    let (send, leased) = mpsc::unbounded_channel();
    (Giver { places: places.clone(), time, send, due: due.clone() }, Taker { places, leased, due })
}

impl<A> Giver<A> {
    /// What the next transaction may lease.
    pub fn lease(&self) -> Lease {
        Lease { places: self.places.load(Ordering::Relaxed), time: self.time }
    }

    /// Hands over what was committed.
    pub fn give(&self, recorded: Recorded<A>) {
        let taken = recorded.leased.len();
        // The caller counts anew whenever it looks; until then the next transaction must not have the same places.
        let less = |free: usize| Some(free.saturating_sub(taken));
        self.places.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).ok();
        for attempt in recorded.leased {
            // Refused only when the caller ran out of time while stopping: the lease runs out, and another's finds it.
            drop(self.send.send(attempt));
        }
        if recorded.due {
            self.due.notify_one();
        }
    }
}

impl<A> Taker<A> {
    /// Says how many attempts may be leased beyond those that wait already.
    pub fn offer(&self, free: usize) {
        self.places.store(free.saturating_sub(self.leased.len()), Ordering::Relaxed);
    }

    /// Whether attempts wait, or who decides has not ended yet.
    pub fn may_bring_more(&self) -> bool {
        !self.leased.is_closed() || !self.leased.is_empty()
    }
}
