//! How fast somebody may try: pure.
//!
//! A try is counted before it is made, so that many at once do not get in together. So many are free, then each has to
//! wait for twice as long as the one before, up to a limit; a success, or a day of rest, begins anew. The limits are
//! such that a stranger who guesses all day can delay the owner of an account, from a network address that the owner
//! never used before, by [`ACCOUNT`]'s longest wait, and never lock them out; from a familiar one not at all.

use contracts::Timestamp;
use std::time::Duration;

/// How many tries are free, and how long the wait may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Tries without a wait.
    pub free: u32,
    /// The longest wait.
    pub longest: Duration,
}

/// One account, from one network address.
pub const PAIR: Pace = Pace { free: 5, longest: Duration::from_secs(15 * 60) };
/// One account, from all addresses that are not familiar.
pub const ACCOUNT: Pace = Pace { free: 20, longest: Duration::from_secs(60) };
/// One network address, whatever the accounts: a whole office may be behind it.
pub const ADDRESS: Pace = Pace { free: 50, longest: Duration::from_secs(15 * 60) };
/// Mails to one e-mail address, however often they are asked for.
pub const MAILS: Pace = Pace { free: 3, longest: Duration::from_secs(60 * 60) };

/// After so long without a try all is forgotten.
pub const FORGET: Duration = Duration::from_secs(24 * 3_600);

/// What is known of somebody's tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    pub tries: u32,
    pub last_at: Timestamp,
    pub free_at: Timestamp,
}

/// Counts a try made now; or how long to wait for it.
pub fn count(known: Option<Tries>, pace: Pace, now: Timestamp) -> Result<Tries, Duration> {
    let known = known.filter(|known| known.last_at.plus(FORGET) > now);
    if let Some(known) = known
        && known.free_at > now
    {
        let wait = known.free_at.millis() - now.millis();
        return Err(Duration::from_millis(wait.unsigned_abs()));
    }
    let tries = known.map_or(0, |known| known.tries).saturating_add(1);
    // The last free one is followed by the first wait, of a second.
    let wait = match tries.checked_sub(pace.free) {
        None => Duration::ZERO,
        Some(more) => Duration::from_secs(1_u64 << more.min(20)).min(pace.longest),
    };
    Ok(Tries { tries, last_at: now, free_at: now.plus(wait) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { free: 3, longest: Duration::from_secs(10) };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_795_000_000_000).plus(Duration::from_secs(seconds))
    }

    #[test]
    fn some_tries_are_free_then_each_waits_twice_as_long_up_to_the_limit() {
        let (mut known, mut now, mut waits) = (None, 0, vec![]);
        for _ in 0..8 {
            let counted = count(known, PACE, at(now)).unwrap();
            let wait = (counted.free_at.millis() - at(now).millis()) / 1000;
            waits.push(wait);
            now += wait.unsigned_abs();
            known = Some(counted);
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 10, 10]);
    }

    #[test]
    fn a_try_that_comes_too_early_is_told_how_long_to_wait_and_is_not_counted() {
        let mut known = None;
        for _ in 0..3 {
            known = Some(count(known, PACE, at(0)).unwrap());
        }
        assert_eq!(count(known, PACE, at(0)), Err(Duration::from_secs(1)));
        assert_eq!(count(known, PACE, at(1)).unwrap().tries, 4);
    }

    #[test]
    fn after_a_day_of_rest_all_is_forgotten() {
        let known = Some(Tries { tries: 1_000, last_at: at(0), free_at: at(10) });
        assert_eq!(count(known, PACE, at(24 * 3_600)).unwrap().tries, 1);
    }

    #[test]
    fn no_number_of_tries_makes_the_wait_longer_than_the_limit() {
        for tries in [50, 1_000, u32::MAX] {
            let known = Some(Tries { tries, last_at: at(0), free_at: at(0) });
            let counted = count(known, ACCOUNT, at(1)).unwrap();
            assert_eq!(counted.free_at, at(1).plus(ACCOUNT.longest));
        }
    }
}
