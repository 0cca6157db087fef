//! A temporary folder: removed when dropped, kept when a test panics, swept when its process was killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context;

use crate::file_lock::FileLock;
use crate::{home, settings};

/// A file in a folder that was kept on purpose.
const KEPT: &str = "kept";
/// Kept folders are looked at soon, or never.
const KEPT_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder of its own under the system's temporary one.
///
/// Dropping it while the thread panics, or with `STARLING_KEEP` set, keeps it for a day and says
/// where it is. Declare it before the servers that live in it: what is declared last is dropped first.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    lock_path: PathBuf,
    _lock: FileLock,
}

impl Scratch {
    /// Makes a folder with this name in its name.
    ///
    /// # Errors
    /// When the system's temporary folder can't be written to.
    pub fn new(name: &str) -> anyhow::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let base = home::temporary()?.join("scratch");
        // While this is held nobody can take a folder that is just being made for a dead one.
        let _everyone = FileLock::wait(&base.join("lock"))?;
        sweep(&base);
        let unique = format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = base.join(&unique);
        let lock_path = base.join(format!("{unique}.lock"));
        if path.exists() {
            fs::remove_dir_all(&path)?; // a kept one of a process that had our id
        }
        fs::create_dir(&path)?;
        let lock = FileLock::attempt(&lock_path)?.context("two scratch folders of one name")?;
        Ok(Self { path, lock_path, _lock: lock })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let outcome = if std::thread::panicking() || settings::keep_scratch() {
            eprintln!("  kept for a day: {}", self.path.display());
            fs::write(self.path.join(KEPT), "")
        } else {
            fs::remove_dir_all(&self.path).and_then(|()| fs::remove_file(&self.lock_path))
        };
        if let Err(error) = outcome {
            eprintln!("  ! {}: {error}", self.path.display());
        }
    }
}

/// Removes the folders whose processes are gone. What can't be removed now is tried again next time.
fn sweep(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let lock_path = entry.path();
        if lock_path.extension().is_none_or(|extension| extension != "lock") {
            continue;
        }
        let folder = lock_path.with_extension("");
        if let Ok(Some(_dead)) = FileLock::attempt(&lock_path)
            && !is_kept(&folder)
            && (!folder.exists() || fs::remove_dir_all(&folder).is_ok())
        {
            drop(fs::remove_file(&lock_path));
        }
    }
}

fn is_kept(folder: &Path) -> bool {
    let kept_at = folder.join(KEPT).metadata().and_then(|found| found.modified());
    kept_at.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < KEPT_LIMIT))
}
