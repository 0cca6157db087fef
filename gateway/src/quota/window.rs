//! A minute that slides: the count of this one, and the share of the last one that it still covers.

/// The window, in milliseconds.
pub(super) const WINDOW_MS: u64 = 60_000;
pub(super) const WINDOW_S: u64 = WINDOW_MS / 1_000;

/// A moment: which minute since 1970, and how many milliseconds of it are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub minute: u64,
    pub into_ms: u64,
}

impl Moment {
    pub const fn of(now_ms: u64) -> Self {
        Self { minute: now_ms / WINDOW_MS, into_ms: now_ms % WINDOW_MS }
    }

    /// Milliseconds of this minute that are left.
    pub const fn left_ms(self) -> u64 {
        WINDOW_MS - self.into_ms
    }
}

/// One caller's requests of one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Window {
    pub minute: u64,
    /// In the minute before, at all gateways, as far as is known here.
    before: u64,
    /// In this minute, at all gateways, as Redis said last.
    told: u64,
    /// On their way to Redis.
    sending: u64,
    /// At this gateway, and not sent to Redis yet.
    untold: u64,
}

impl Window {
    /// Goes on to the moment's minute. What was not told of the minute before is not told any more, and not forgotten here.
    pub fn roll(&mut self, now: Moment) {
        if now.minute > self.minute {
            let before = if now.minute == self.minute + 1 { self.here() } else { 0 };
            *self = Self { minute: now.minute, before, ..Self::default() };
        }
    }

    const fn here(&self) -> u64 {
        self.told + self.sending + self.untold
    }

    /// Requests in the sixty seconds before this moment; rounded up.
    pub const fn used(&self, now: Moment) -> u64 {
        self.here() + (self.before * now.left_ms()).div_ceil(WINDOW_MS)
    }

    /// Counts one; whether it is the first that Redis is to be told of.
    pub const fn count(&mut self) -> bool {
        self.untold += 1;
        self.untold == 1
    }

    /// Takes what Redis is to be told.
    pub const fn send(&mut self) -> u64 {
        let amount = self.untold;
        (self.sending, self.untold) = (self.sending + amount, 0);
        amount
    }

    /// Redis was told, and said how many there are in all.
    pub fn heard(&mut self, minute: u64, amount: u64, total: u64, before: u64) {
        if minute == self.minute {
            self.sending = self.sending.saturating_sub(amount);
            (self.told, self.before) = (self.told.max(total), self.before.max(before));
        }
    }

    /// Redis was not told; whether there is something for the next time that was not there before.
    pub fn not_heard(&mut self, minute: u64, amount: u64) -> bool {
        let was_told = self.untold == 0;
        if minute == self.minute {
            self.sending = self.sending.saturating_sub(amount);
            self.untold += amount;
        }
        was_told && self.untold > 0
    }

    /// Milliseconds until one more request fits, if no others come.
    pub fn wait_ms(&self, most: u64, now: Moment) -> u64 {
        let here = self.here();
        if here < most {
            let room = most - here - 1;
            return gone_after(self.before, room).saturating_sub(now.into_ms);
        }
        now.left_ms() + gone_after(here, most.saturating_sub(1))
    }
}

/// After how many milliseconds of a minute no more than `room` of the requests of the minute before still count.
fn gone_after(before: u64, room: u64) -> u64 {
    if before <= room { 0 } else { WINDOW_MS - WINDOW_MS * room / before }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::of(1_000 * WINDOW_MS + ms)
    }

    fn counted(times: u64, now: Moment) -> Window {
        let mut window = Window::default();
        window.roll(now);
        for _ in 0..times {
            window.count();
        }
        window
    }

    #[test]
    fn the_last_minute_counts_by_the_share_that_is_still_in_the_window() {
        let mut window = counted(60, at(0));
        assert_eq!(window.used(at(59_999)), 60);
        window.roll(at(60_000));
        for (ms, used) in [(60_000, 60), (75_000, 45), (90_000, 30), (119_999, 1)] {
            assert_eq!(window.used(at(ms)), used, "at {ms} ms");
        }
        window.roll(at(120_000));
        assert_eq!(window.used(at(120_000)), 0);
    }

    #[test]
    fn after_the_wait_one_more_fits_and_not_before() {
        for (before, here, most, into) in [
            (60, 0, 30, 0),
            (60, 10, 40, 20_000),
            (0, 5, 5, 59_000),
            (0, 1, 1, 10),
            (7, 9, 10, 30_000),
            (100, 3, 3, 1),
        ] {
            let mut window = counted(before, at(0));
            window.roll(at(60_000));
            for _ in 0..here {
                window.count();
            }
            let now = at(60_000 + into);
            assert!(window.used(now) >= most, "{window:?} is full");
            let wait = window.wait_ms(most, now);
            let used = |ms| {
                let (mut window, then) = (window, at(60_000 + into + ms));
                window.roll(then);
                window.used(then)
            };
            assert!(used(wait) < most, "{window:?}: {} of {most} after {wait} ms", used(wait));
            assert!(used(wait - 2) >= most, "{window:?}: {} of {most} before {wait} ms", used(wait - 2));
        }
    }

    #[test]
    fn what_others_counted_counts_here_once_redis_has_said_so() {
        let mut window = counted(3, at(0));
        assert_eq!(window.send(), 3);
        window.count();
        assert_eq!(window.used(at(0)), 4, "what is on its way counts");
        window.heard(1_000, 3, 50, 60);
        assert_eq!(window.used(at(0)), 50 + 1 + 60);
        assert_eq!(window.used(at(30_000)), 50 + 1 + 30);
        assert_eq!(window.send(), 1);
        assert!(window.not_heard(1_000, 1), "it is to be told again");
        assert_eq!((window.used(at(30_000)), window.send()), (81, 1));
        window.roll(at(60_000));
        window.heard(1_000, 1, 90, 0);
        assert_eq!(window.used(at(60_000)), 51, "an answer of the last minute comes too late");
    }
}
