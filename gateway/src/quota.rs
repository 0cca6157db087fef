//! How many requests of a class a caller may make in a minute, at all gateways together.
//!
//! Each gateway counts in its own memory and tells Redis several times a second, many callers in one round trip; Redis
//! says how many there are in all. So a request waits for nobody, and a caller over the quota is refused at every gateway a
//! fraction of a second later. Only what somebody may guess (class `auth`) is told to Redis before it goes on.
//! While Redis is away each gateway goes on with what it knows, and so does the pace ([`crate::rate`]), which is kept in
//! each process alone.

mod fields;
mod tell;
mod window;

pub(crate) use fields::Fields;
pub(crate) use tell::follow;

use crate::{Settings, class::Class, memory::Memory, rate::Who};
use chassis::clock;
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use window::{Moment, Window};

/// The table is in so many pieces, each with its own lock.
const SHARDS: usize = 16;
const SHARDS_U64: u64 = SHARDS as u64;
/// The most callers in a piece. Those beyond are not counted here: the pace still holds for them.
const SHARD_CALLERS: usize = 16_384;

/// Whose requests of which class.
type Key = (Who, Class);

/// All callers' windows.
pub(crate) struct Quotas {
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    user: u64,
    trusted: u64,
    address: u64,
    write: u64,
    auth: u64,
    webhook: u64,
}

#[derive(Default)]
struct Shard {
    windows: HashMap<Key, Window>,
    /// Those that Redis has to be told something of.
    untold: Vec<Key>,
}

impl Quotas {
    pub fn new(settings: &Settings) -> Self {
        // Who keeps the pace at one gateway never meets its quota.
        let minute = |per_s: u32, burst: u32| 60 * u64::from(per_s) + u64::from(burst);
        let (trusted, address) = (settings.rate_trusted_per_s, settings.rate_address_per_s);
        Self {
            hasher: RandomState::new(),
            shards: Default::default(),
            user: minute(settings.rate_per_s, settings.rate_burst),
            trusted: minute(trusted, trusted),
            address: minute(address, address.saturating_mul(2)),
            write: settings.rate_write_per_min.into(),
            auth: settings.rate_auth_per_min.into(),
            webhook: settings.rate_webhook_per_min.into(),
        }
    }

    const fn most(&self, (who, class): Key) -> u64 {
        match (class, who) {
            (Class::Auth, _) => self.auth,
            (Class::Webhook, _) => self.webhook,
            (Class::Write, Who::User(_)) if self.write < self.user => self.write,
            (Class::Write | Class::Read, Who::User(_)) => self.user,
            (Class::Write | Class::Read, Who::Trusted(_)) => self.trusted,
            (Class::Write | Class::Read, Who::Address(_)) => self.address,
        }
    }

    /// Counts a request, and what is to be told of it.
    ///
    /// # Errors
    /// In the second place, when it is one too many: how long to wait. It is not counted then.
    pub async fn count(&self, who: Who, class: Class, memory: &Memory) -> (Fields, Result<(), Duration>) {
        let key = (who, class);
        let mut counted = self.count_at(key, now());
        if class == Class::Auth && counted.1.is_ok() {
            self.tell_one(key, memory).await;
            counted = self.again(key, now());
        }
        counted
    }

    fn count_at(&self, key: Key, now: Moment) -> (Fields, Result<(), Duration>) {
        let mut shard = self.shard(key);
        let Shard { windows, untold } = &mut *shard;
        if windows.len() >= SHARD_CALLERS && !windows.contains_key(&key) {
            return self.verdict(key, &Window::default(), now, false);
        }
        let window = windows.entry(key).or_default();
        window.roll(now);
        if window.used(now) >= self.most(key) {
            return self.verdict(key, window, now, true);
        }
        if window.count() {
            untold.push(key);
        }
        self.verdict(key, window, now, false)
    }

    /// Once Redis has said what others counted meanwhile: whether the request that was counted is one too many.
    fn again(&self, key: Key, now: Moment) -> (Fields, Result<(), Duration>) {
        let mut shard = self.shard(key);
        let Some(window) = shard.windows.get_mut(&key) else {
            return self.verdict(key, &Window::default(), now, false);
        };
        window.roll(now);
        self.verdict(key, window, now, window.used(now) > self.most(key))
    }

    fn verdict(&self, key: Key, window: &Window, now: Moment, full: bool) -> (Fields, Result<(), Duration>) {
        let most = self.most(key);
        let wait = if full { Some(window.wait_ms(most, now)) } else { None };
        let reset_ms = wait.unwrap_or_else(|| now.left_ms());
        let left = if full { 0 } else { most.saturating_sub(window.used(now)) };
        let fields = Fields { class: key.1, most, left, reset_s: reset_ms.div_ceil(1_000) };
        (fields, wait.map_or(Ok(()), |wait| Err(Duration::from_millis(wait))))
    }

    fn shard(&self, key: Key) -> MutexGuard<'_, Shard> {
        let shard = usize::try_from(self.hasher.hash_one(key) % SHARDS_U64).unwrap_or(0);
        lock(&self.shards[shard])
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// By the wall clock, since all gateways have to agree on the minute.
fn now() -> Moment {
    Moment::of(u64::try_from(clock::now().millis()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: Moment = Moment { minute: 1_000, into_ms: 15_500 };

    fn quotas() -> Quotas {
        Quotas::new(&Settings { rate_write_per_min: 5, ..Settings::default() })
    }

    #[test]
    fn as_many_as_the_quota_are_admitted_and_each_is_told_how_many_are_left() {
        let (quotas, key) = (quotas(), (Who::User(Uuid::nil()), Class::Write));
        for left in (0..5).rev() {
            let (fields, admitted) = quotas.count_at(key, NOW);
            assert_eq!((fields.most, fields.left, fields.reset_s, admitted), (5, left, 45, Ok(())));
        }
        for _ in 0..3 {
            let (fields, admitted) = quotas.count_at(key, NOW);
            assert_eq!((fields.left, fields.reset_s), (0, 57));
            assert_eq!(admitted, Err(Duration::from_millis(44_500 + 12_000)));
        }
        assert_eq!(quotas.shard(key).windows[&key].used(NOW), 5, "refusals are not counted");
    }

    #[test]
    fn callers_and_classes_do_not_share() {
        let quotas = quotas();
        let admitted = |who, class| (0..8).filter(|_| quotas.count_at((who, class), NOW).1.is_ok()).count();
        assert_eq!(admitted(Who::User(Uuid::nil()), Class::Write), 5);
        assert_eq!(admitted(Who::User(Uuid::max()), Class::Write), 5);
        assert_eq!(admitted(Who::User(Uuid::nil()), Class::Read), 8);
        assert_eq!(admitted(Who::Trusted(Uuid::nil()), Class::Write), 8, "programs have the pace alone");
    }

    #[test]
    fn no_more_callers_are_counted_than_there_is_room_for_and_those_beyond_are_admitted() {
        let quotas = quotas();
        for caller in 0..400_000 {
            assert!(quotas.count_at((Who::User(Uuid::from_u128(caller)), Class::Read), NOW).1.is_ok());
        }
        let kept: usize = quotas.shards.iter().map(|shard| lock(shard).windows.len()).sum();
        assert_eq!(kept, SHARDS * SHARD_CALLERS);
        quotas.forget(Moment { minute: NOW.minute + 2, into_ms: 0 });
        assert!(
            quotas.shards.iter().all(|shard| lock(shard).windows.is_empty()),
            "who is quiet is forgotten"
        );
    }
}
