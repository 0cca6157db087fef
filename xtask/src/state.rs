//! The folder `.starling` of the checkout: data, logs, ports and the secret, all that is kept between starts.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tools::{Place, Ports};

use crate::cargo;

/// Where clients expect each server; the next free port is taken when something else is there.
const USUAL: Remembered = Remembered { nats: 4222, postgres: 5432, redis: 6379, mongo: 27017 };
/// How many ports are tried from there on.
const TRIES: u16 = 100;
const LOCK: &str = "lock";

/// The state folder, locked against a second start.
pub struct State {
    folder: PathBuf,
    _lock: File,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Remembered {
    nats: u16,
    postgres: u16,
    redis: u16,
    mongo: u16,
}

impl State {
    /// Opens the folder, wiped first if it shall be fresh.
    ///
    /// # Errors
    /// When another start uses it, or it can't be written to.
    pub fn open(fresh: bool) -> anyhow::Result<Self> {
        let folder = cargo::root()?.join(".starling");
        fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("Starling is already up from this checkout"),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        if fresh {
            tools::step("wiping the state of earlier starts", || wipe(&folder))?;
        }
        Ok(Self { folder, _lock: lock })
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The secret from which all development passwords and keys are derived: 32 random bytes in
    /// hex, made on the first start.
    pub fn secret(&self) -> anyhow::Result<String> {
        let path = self.folder.join("secret");
        match fs::read_to_string(&path) {
            Ok(secret) => Ok(secret),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let secret = random_hex::<32>()?;
                let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path)?;
                file.write_all(secret.as_bytes())?;
                Ok(secret)
            }
            Err(error) => Err(error).with_context(|| format!("{}", path.display())),
        }
    }

    /// Where the servers keep their data, and the ports they had last time, as far as still free.
    pub fn place(&self) -> anyhow::Result<Place> {
        let path = self.folder.join("ports.json");
        let last = fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or(USUAL);
        let now = Remembered {
            nats: free_from(last.nats)?,
            postgres: free_from(last.postgres)?,
            redis: free_from(last.redis)?,
            mongo: free_from(last.mongo)?,
        };
        fs::write(&path, serde_json::to_vec(&now)?)?;
        let Remembered { nats, postgres, redis, mongo } = now;
        Ok(Place { dir: self.folder.clone(), ports: Ports::Fixed { nats, postgres, redis, mongo } })
    }
}

/// The compose file of the checkout.
pub fn compose_file() -> anyhow::Result<PathBuf> {
    Ok(cargo::root()?.join("compose.yaml"))
}

/// Random bytes from the system, in hex.
pub fn random_hex<const BYTES: usize>() -> anyhow::Result<String> {
    let mut bytes = [0; BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// All but the lock, which is held.
fn wipe(folder: &Path) -> anyhow::Result<()> {
    tools::wipe(folder, &compose_file()?)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(&path)?;
        } else if !path.ends_with(LOCK) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn free_from(first: u16) -> anyhow::Result<u16> {
    (first..first.saturating_add(TRIES))
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .with_context(|| format!("ports {first} and the {TRIES} after it are all in use"))
}

#[cfg(test)]
mod tests {
    use super::{TcpListener, free_from, random_hex};

    #[test]
    fn a_port_in_use_is_stepped_over() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = taken.local_addr().expect("an address").port();
        assert!(free_from(port).expect("a free one") > port);
    }

    #[test]
    fn secrets_have_their_length_and_differ() {
        let [one, other] = [random_hex::<32>(), random_hex::<32>()].map(|hex| hex.expect("random bytes"));
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
    }
}
