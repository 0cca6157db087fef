//! How fast a caller may be: GCRA, a leaky bucket that needs one number for each caller.
//!
//! The numbers live in this process and need nobody else. What all gateways together admit in a minute is
//! [`crate::quota`]'s.

use crate::{Settings, address::counted};
use contracts::{Caller, Role};
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// The table is in so many pieces, each with its own lock.
const SHARDS: usize = 16;
const SHARDS_U64: u64 = SHARDS as u64;
/// From so many callers in a piece on, those who are quiet again are forgotten.
const SHARD_CALLERS: usize = 4_096;

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// The subject of a customer's or supporter's token.
    User(Uuid),
    /// The subject of an admin's or program's token.
    Trusted(Uuid),
    /// Who has none. Of IPv6 a whole network.
    Address(IpAddr),
}

impl Who {
    /// Who comes from there, without a token.
    pub fn at(address: IpAddr) -> Self {
        Self::Address(counted(address))
    }

    /// Whose token it is.
    pub const fn of(caller: Caller) -> Self {
        match caller.role {
            Role::Customer | Role::Support => Self::User(caller.id.0),
            Role::Admin | Role::Service => Self::Trusted(caller.id.0),
        }
    }
}

/// The pace of one class of callers.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Nanoseconds from one request to the next.
    every: u64,
    /// Nanoseconds that one may be ahead of that.
    ahead: u64,
}

impl Pace {
    fn new(per_s: u32, burst: u32) -> Self {
        let every = 1_000_000_000 / u64::from(per_s.max(1));
        Self { every, ahead: every.saturating_mul(u64::from(burst)) }
    }
}

/// All callers' numbers.
pub(crate) struct Rates {
    began: Instant,
    hasher: RandomState,
    /// For each caller, when its next request would be due if it kept the pace, in nanoseconds.
    due: [Mutex<HashMap<Who, u64>>; SHARDS],
    user: Pace,
    trusted: Pace,
    address: Pace,
}

impl Rates {
    pub fn new(settings: &Settings) -> Self {
        let address = settings.rate_address_per_s;
        Self {
            began: Instant::now(),
            hasher: RandomState::new(),
            due: Default::default(),
            user: Pace::new(settings.rate_per_s, settings.rate_burst),
            trusted: Pace::new(settings.rate_trusted_per_s, settings.rate_trusted_per_s),
            address: Pace::new(address, address.saturating_mul(2)),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// When it is one too many; the duration is how long to wait. It is not counted then.
    pub fn count(&self, who: Who) -> Result<(), Duration> {
        self.count_at(who, self.now(), true)
    }

    /// The same without counting.
    pub fn look(&self, who: Who) -> Result<(), Duration> {
        self.count_at(who, self.now(), false)
    }

    fn count_at(&self, who: Who, now: u64, counts: bool) -> Result<(), Duration> {
        let pace = match who {
            Who::User(_) => self.user,
            Who::Trusted(_) => self.trusted,
            Who::Address(_) => self.address,
        };
        let shard = usize::try_from(self.hasher.hash_one(who) % SHARDS_U64).unwrap_or(0);
        let mut due = self.due[shard].lock().unwrap_or_else(PoisonError::into_inner);
        let next = due.get(&who).copied().unwrap_or(0).max(now).saturating_add(pace.every);
        let ahead = next - now;
        if ahead > pace.ahead {
            return Err(Duration::from_nanos(ahead - pace.ahead));
        }
        if counts {
            if due.len() >= SHARD_CALLERS {
                due.retain(|_, due| *due > now);
            }
            due.insert(who, next);
        }
        Ok(())
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn rates() -> Rates {
        Rates::new(&Settings { rate_per_s: 10, rate_burst: 20, ..Settings::default() })
    }

    fn admitted(rates: &Rates, who: Who, now: u64, tries: usize) -> usize {
        (0..tries).filter(|_| rates.count_at(who, now, true).is_ok()).count()
    }

    #[test]
    fn a_burst_is_admitted_and_then_the_pace() {
        let (rates, who) = (rates(), Who::User(Uuid::nil()));
        assert_eq!(admitted(&rates, who, 0, 50), 20);
        assert_eq!(rates.count_at(who, 0, true), Err(Duration::from_millis(100)));
        assert_eq!(admitted(&rates, who, SECOND, 50), 10);
        assert_eq!(admitted(&rates, who, 100 * SECOND, 50), 20);
    }

    #[test]
    fn callers_and_classes_do_not_share() {
        let rates = rates();
        assert_eq!(admitted(&rates, Who::User(Uuid::nil()), 0, 50), 20);
        assert_eq!(admitted(&rates, Who::User(Uuid::max()), 0, 50), 20);
        assert_eq!(admitted(&rates, Who::Trusted(Uuid::nil()), 0, 50), 50);
        assert_eq!(admitted(&rates, Who::Address(IpAddr::from([127, 0, 0, 1])), 0, 500), 400);
    }

    #[test]
    fn looking_does_not_count() {
        let (rates, who) = (rates(), Who::User(Uuid::nil()));
        assert!((0..100).all(|_| rates.count_at(who, 0, false).is_ok()));
        assert_eq!(admitted(&rates, who, 0, 50), 20);
    }

    #[test]
    fn who_is_quiet_again_is_forgotten() {
        let rates = rates();
        for caller in 0..200_000_u128 {
            let now = u64::try_from(caller).unwrap() * SECOND / 1_000;
            rates.count_at(Who::User(Uuid::from_u128(caller)), now, true).unwrap();
        }
        let kept: usize = rates.due.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(kept <= SHARDS * SHARD_CALLERS, "{kept}");
    }
}
