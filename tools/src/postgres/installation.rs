//! Where Postgres' programs are.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{find, packages};

/// The first version whose SQL Starling uses.
const OLDEST: (u32, u32) = (15, 0);
/// Where Debian keeps the programs that are not on `PATH`, one folder a version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A folder with `postgres` and `initdb` of one version.
#[derive(Debug)]
pub struct Installation {
    folder: PathBuf,
    version: (u32, u32),
}

impl Installation {
    /// The server.
    pub fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// Makes a data folder.
    pub fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    /// Data folders of different major versions can't be exchanged.
    pub fn major(&self) -> u32 {
        self.version.0
    }

    fn at(folder: &Path) -> Option<Self> {
        // Only beside the real program are the files that it needs.
        let folder = folder.join("postgres").canonicalize().ok()?.parent()?.to_owned();
        if !find::is_executable(&folder.join("initdb")) {
            return None;
        }
        let version = find::version(&folder.join("postgres"), "--version")?;
        (version >= OLDEST).then_some(Self { folder, version })
    }
}

/// The installation on `PATH`, or else the newest of Debian's.
pub fn find() -> Option<Installation> {
    let on_path = find::on_path("postgres").and_then(|program| Installation::at(program.parent()?));
    on_path.or_else(|| {
        let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
        versions
            .filter_map(|entry| Installation::at(&entry.path().join("bin")))
            .max_by_key(|found| found.version)
    })
}

/// The installation, made first if it must be.
pub fn provide() -> anyhow::Result<Installation> {
    packages::find_or_install("PostgreSQL (15 or later)", find, "postgresql", "POSTGRES_URL")
}
