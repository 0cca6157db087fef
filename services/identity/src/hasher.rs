//! Hashing passwords: slow on purpose, so off the async threads, so many at once, so many waiting, and no more.

use crate::domain::account::NO_PASSWORD;
use chassis::Fault;
use contracts::{Hidden, Refusal};
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash,
};

/// Memory for one hash, in KiB; with it [`ROUNDS`] and one lane: what OWASP recommends (Password Storage Cheat Sheet).
const MEMORY_KIB: u32 = 19 * 1_024;
/// Passes over that memory.
const ROUNDS: u32 = 2;
/// When the queue is full, the client shall come again after so long, in seconds.
const AGAIN_S: u32 = 2;

/// What came of comparing a password with a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fits {
    /// It is another.
    No,
    /// It is this one.
    Yes,
    /// It is this one, and its hash is of an older kind.
    YesOldHash,
}

/// Hashes and compares.
pub struct Hasher {
    at_once: Semaphore,
    /// Those that are hashed, and those that wait.
    places: Arc<Semaphore>,
    /// Stands in for the hash of an account that there is not, so that looking for it takes as long.
    decoy: OnceLock<String>,
}

impl Hasher {
    pub fn new(at_once: u16, waiting: u16) -> Self {
        let places = usize::from(at_once) + usize::from(waiting);
        Self {
            at_once: Semaphore::new(usize::from(at_once)),
            places: Arc::new(Semaphore::new(places)),
            decoy: OnceLock::new(),
        }
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] when too many wait already.
    pub async fn hash(&self, password: &Hidden) -> Result<String, Fault> {
        let password = password.clone();
        self.off_the_async_threads(move || hash(&password)).await?
    }

    /// Whether a password is the one that was hashed. Without a hash it takes as long, and is not.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] when too many wait already.
    pub async fn fits(&self, password: &Hidden, stored: Option<&str>) -> Result<Fits, Fault> {
        let password = password.clone();
        let stored = stored.filter(|stored| *stored != NO_PASSWORD);
        let (known, decoy) = (stored.is_some(), self.decoy.get().cloned());
        let stored = stored.map(str::to_owned);
        let (fits, decoy) = self
            .off_the_async_threads(move || {
                let decoy = match decoy {
                    Some(decoy) => decoy,
                    None => hash(&Hidden::try_from("a decoy".to_owned()).map_err(broken)?)?,
                };
                Ok::<_, Fault>((fits(&password, stored.as_deref().unwrap_or(&decoy)), decoy))
            })
            .await??;
        drop(self.decoy.set(decoy));
        Ok(if known { fits } else { Fits::No })
    }

    async fn off_the_async_threads<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let place = self.places.clone().try_acquire_owned();
        let place = place.map_err(|_| Refusal::TooMany { retry_after_s: AGAIN_S })?;
        let turn = self.at_once.acquire().await.map_err(broken)?;
        let done = tokio::task::spawn_blocking(work).await.map_err(broken);
        drop((turn, place));
        done
    }
}

fn argon2() -> Result<Argon2<'static>, Fault> {
    let params = Params::new(MEMORY_KIB, ROUNDS, 1, None).map_err(broken)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &Hidden) -> Result<String, Fault> {
    let hashed: PasswordHash = argon2()?.hash_password(password.expose().as_bytes()).map_err(broken)?;
    Ok(hashed.to_string())
}

fn fits(password: &Hidden, stored: &str) -> Fits {
    if stored.starts_with("$2") {
        let same = bcrypt::verify(password.expose(), stored).unwrap_or(false);
        return if same { Fits::YesOldHash } else { Fits::No };
    }
    let Ok(parsed) = PasswordHash::new(stored) else { return Fits::No };
    if Argon2::default().verify_password(password.expose().as_bytes(), &parsed).is_err() {
        return Fits::No;
    }
    let present = format!("$argon2id$v=19$m={MEMORY_KIB},t={ROUNDS},p=1$");
    if stored.starts_with(&present) { Fits::Yes } else { Fits::YesOldHash }
}

fn broken(error: impl std::fmt::Display) -> Fault {
    Fault::Broken(format!("hashing: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::JoinSet;

    fn password(text: &str) -> Hidden {
        Hidden::try_from(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_no_other() {
        let hasher = Hasher::new(2, 10);
        let right = password("correct horse battery");
        let stored = hasher.hash(&right).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, hasher.hash(&right).await.unwrap(), "salted");
        assert_eq!(hasher.fits(&right, Some(&stored)).await.unwrap(), Fits::Yes);
        assert_eq!(hasher.fits(&password("another one"), Some(&stored)).await.unwrap(), Fits::No);
        assert_eq!(hasher.fits(&right, None).await.unwrap(), Fits::No);
        assert_eq!(
            hasher.fits(&password("a decoy"), None).await.unwrap(),
            Fits::No,
            "the decoy opens nothing"
        );
        assert_eq!(hasher.fits(&password(NO_PASSWORD), Some(NO_PASSWORD)).await.unwrap(), Fits::No);
        assert_eq!(hasher.fits(&right, Some("no hash")).await.unwrap(), Fits::No);
    }

    #[tokio::test]
    async fn older_hashes_fit_and_are_known_as_old() {
        let hasher = Hasher::new(2, 10);
        let right = password("correct horse battery");
        let old = bcrypt::hash(right.expose(), 4).unwrap();
        assert_eq!(hasher.fits(&right, Some(&old)).await.unwrap(), Fits::YesOldHash);
        assert_eq!(hasher.fits(&password("another one"), Some(&old)).await.unwrap(), Fits::No);
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(1_024, 1, 1, None).unwrap());
        let weak: PasswordHash = weak.hash_password(right.expose().as_bytes()).unwrap();
        assert_eq!(hasher.fits(&right, Some(&weak.to_string())).await.unwrap(), Fits::YesOldHash);
    }

    #[tokio::test]
    async fn what_does_not_fit_into_the_queue_is_refused_at_once() {
        let hasher = Arc::new(Hasher::new(1, 3));
        let mut all = JoinSet::new();
        for _ in 0..20 {
            let hasher = hasher.clone();
            all.spawn(async move { hasher.hash(&password("correct horse battery")).await.is_ok() });
        }
        let done = all.join_all().await;
        assert_eq!(done.iter().filter(|done| **done).count(), 4, "one at work and three waiting");
        assert!(hasher.hash(&password("correct horse battery")).await.is_ok(), "then there is room again");
    }
}
