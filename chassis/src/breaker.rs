//! The circuit breaker of a caller: an outsider in trouble is left alone for a while.

use crate::{outside::CallLimits, telemetry};
use std::time::Duration;
use tokio::time::Instant;

/// Longest wait before a failed call is made again; it begins at a fraction of a second.
const AGAIN_MAX: Duration = Duration::from_secs(30);

/// A circuit breaker (Nygard, Release It!): after so many failures in a row nothing is called for a while, then
/// one call at a time until one is answered. Attempts wait in their table meanwhile; none is lost.
///
/// While it is open only a call that it let through counts: those that were under way when it opened tell how the
/// other side was, not how it is.
pub(crate) struct Breaker {
    limits: CallLimits,
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    pub const fn closed(limits: CallLimits) -> Self {
        Self { limits, failures: 0, open_until: None }
    }

    /// Calls that may be under way at the same time.
    pub fn allows(&self, now: Instant) -> usize {
        match self.open_until {
            None => self.limits.concurrent,
            Some(until) if now < until => 0,
            Some(_) => 1,
        }
    }

    /// Whether calls are held back.
    pub const fn is_open(&self) -> bool {
        self.open_until.is_some()
    }

    /// A call that began then was answered.
    pub fn answered(&mut self, name: &'static str, began: Instant) {
        match self.open_until {
            None => self.failures = 0,
            Some(until) if began < until => {}
            Some(_) => {
                tracing::info!(outside = name, "circuit breaker closes");
                telemetry::breaker(name, false);
                (self.failures, self.open_until) = (0, None);
            }
        }
    }

    /// A call that began then was not.
    pub fn failed(&mut self, name: &'static str, began: Instant, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        match self.open_until {
            None if self.failures < self.limits.breaker_failures => return,
            None => {
                tracing::warn!(outside = name, failures = self.failures, "circuit breaker opens");
                telemetry::breaker(name, true);
            }
            Some(until) if began < until => return,
            Some(_) => {
                tracing::info!(outside = name, failures = self.failures, "circuit breaker stays open");
            }
        }
        self.open_until = Some(now + self.limits.breaker_open);
    }

    /// How long an attempt waits before it is called again, jittered.
    pub fn wait(&self) -> Duration {
        let pause = Duration::from_millis(200) * self.failures.clamp(1, 50);
        pause.mul_f64(rand::random_range(0.5..1.5)).min(AGAIN_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> Breaker {
        Breaker::closed(CallLimits { concurrent: 10, breaker_failures: 3, ..CallLimits::default() })
    }

    #[test]
    fn the_breaker_opens_after_its_failures_lets_one_through_and_closes_on_an_answer() {
        let (mut breaker, now) = (breaker(), Instant::now());
        let later = now + breaker.limits.breaker_open;
        breaker.failed("test", now, now);
        breaker.failed("test", now, now);
        assert_eq!(breaker.allows(now), 10);
        breaker.failed("test", now, now);
        assert_eq!(breaker.allows(now), 0);
        assert_eq!(breaker.allows(later), 1);
        breaker.failed("test", later, later);
        assert_eq!(breaker.allows(later), 0);
        let latest = later + breaker.limits.breaker_open;
        breaker.answered("test", latest);
        assert_eq!(breaker.allows(latest), 10);
    }

    #[test]
    fn what_was_under_way_when_the_breaker_opened_neither_closes_it_nor_keeps_it_open() {
        let (mut breaker, began) = (breaker(), Instant::now());
        let opened = began + Duration::from_secs(1);
        for _ in 0..3 {
            breaker.failed("test", began, opened);
        }
        let until = opened + breaker.limits.breaker_open;
        breaker.answered("test", began);
        assert_eq!(breaker.allows(opened), 0, "an answer from before");
        breaker.failed("test", began, until);
        assert_eq!(breaker.allows(until), 1, "a failure from before");
    }
}
