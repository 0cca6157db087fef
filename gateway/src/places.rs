//! Places for requests under way: too many are refused early, rather than all be slow.
//!
//! Each class of routes has a share: changes may take all places, reads half of them, signing in and webhooks an eighth
//! each. So what is looked at cannot starve what is ordered, nor can who guesses.

use crate::class::Class;
use chassis::telemetry;
use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::Instant,
};

/// All places.
pub(crate) struct Places {
    all: Share,
    of: [Share; Class::ALL.len()],
    began: Instant,
    /// Refused since that was last told, and in which second (of this process) that was.
    refused: AtomicU64,
    told_s: AtomicU64,
}

struct Share {
    most: usize,
    taken: AtomicUsize,
}

/// A request's place, as long as it is under way.
pub(crate) struct Place<'a>([&'a Share; 2]);

impl Share {
    const fn of(most: usize) -> Self {
        Self { most, taken: AtomicUsize::new(0) }
    }

    fn take(&self) -> bool {
        let free = self.taken.fetch_add(1, Relaxed) < self.most;
        if !free {
            self.give_back();
        }
        free
    }

    fn give_back(&self) {
        self.taken.fetch_sub(1, Relaxed);
    }
}

impl Places {
    pub fn new(all: usize) -> Self {
        let share = |class| match class {
            Class::Write => all,
            Class::Read => all.div_ceil(2),
            Class::Auth | Class::Webhook => all.div_ceil(8),
        };
        let of = Class::ALL.map(|class| Share::of(share(class)));
        let (refused, told_s) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
        Self { all: Share::of(all), of, began: Instant::now(), refused, told_s }
    }

    /// None when all that its class may have are taken.
    pub fn take(&self, class: Class) -> Option<Place<'_>> {
        let share = &self.of[class.index()];
        if share.take() {
            if self.all.take() {
                return Some(Place([share, &self.all]));
            }
            share.give_back();
        }
        self.refuse(class);
        None
    }

    /// A line for each would be more work than what is refused: one a second is written.
    fn refuse(&self, class: Class) {
        telemetry::refused("crowd");
        self.refused.fetch_add(1, Relaxed);
        let now_s = self.began.elapsed().as_secs();
        if self.told_s.swap(now_s, Relaxed) != now_s {
            let refused = self.refused.swap(0, Relaxed);
            tracing::warn!(refused, class = class.name(), "requests are refused: too many are under way");
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(|share| share.give_back());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_takes_no_more_than_its_share_and_gives_it_back() {
        let places = Places::new(16);
        let fill = |class| std::iter::from_fn(|| places.take(class)).take(100).collect::<Vec<_>>();
        for _ in 0..2 {
            let (reads, auth, webhooks) = (fill(Class::Read), fill(Class::Auth), fill(Class::Webhook));
            assert_eq!((reads.len(), auth.len(), webhooks.len()), (8, 2, 2));
            let writes = fill(Class::Write);
            assert_eq!(writes.len(), 4, "what the others left");
            drop((reads, auth, webhooks, writes));
            assert_eq!(fill(Class::Write).len(), 16, "all of them");
        }
        assert_eq!(places.all.taken.load(Relaxed), 0);
    }

    #[test]
    fn the_smallest_gateway_has_a_place_for_each() {
        let places = Places::new(1);
        assert!(Class::ALL.iter().all(|class| places.take(*class).is_some()));
    }
}
