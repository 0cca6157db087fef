//! Room on the disk: what the flock's data takes, and what is left.

use anyhow::{Context, bail};
use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

/// Left free on the disk whatever happens, in bytes: also what Postgres' write-ahead log may grow to.
const RESERVE: f64 = 6e9;

/// Where a flock's data is. Removed when dropped.
#[derive(Debug)]
pub struct Data {
    dirs: Vec<PathBuf>,
}

impl Data {
    /// The flock's folder, and Postgres', which may be elsewhere.
    #[must_use]
    pub fn new(dir: &Path, postgres: &Path) -> Self {
        let mut dirs = vec![dir.to_owned()];
        if !postgres.starts_with(dir) {
            dirs.push(postgres.to_owned());
        }
        Self { dirs }
    }

    /// The flock's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dirs[0]
    }

    /// What the data takes, in bytes, without Postgres' write-ahead log, whose size does not follow that of the data.
    pub fn used(&self) -> anyhow::Result<f64> {
        let mut du = Command::new("du");
        kib(du.args(["-sck", "--exclude=pg_wal"]).args(&self.dirs), |text| {
            text.lines().last()?.split_whitespace().next()
        })
    }

    /// What is free where the data is, in bytes.
    pub fn free(&self) -> anyhow::Result<f64> {
        // The last: Postgres', which grows most.
        let dir = self.dirs.last().context("there is one")?;
        let mut df = Command::new("df");
        kib(df.arg("-Pk").arg(dir), |text| text.lines().nth(1)?.split_whitespace().nth(3))
    }

    /// Bytes that were written to the disk on which the data is, since the machine was started.
    #[must_use]
    pub fn written(&self) -> Option<u64> {
        let device = self.dirs.last()?.metadata().ok()?.dev();
        // As glibc's `gnu_dev_major` and `gnu_dev_minor` have it.
        let (major, minor) =
            ((device >> 8) & 0xfff | (device >> 32) & !0xfff, device & 0xff | (device >> 12) & !0xff);
        let stat = std::fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/stat")).ok()?;
        // The seventh field: sectors of 512 bytes (Documentation/block/stat.rst).
        let sectors: u64 = stat.split_whitespace().nth(6)?.parse().ok()?;
        Some(sectors * 512)
    }

    /// Whether so many orders find room; if not, why.
    pub fn has_room_for(&self, orders: f64, bytes_per_order: f64) -> anyhow::Result<Result<(), String>> {
        let (free, needed) = (self.free()?, orders * bytes_per_order);
        if needed + RESERVE <= free {
            return Ok(Ok(()));
        }
        Ok(Err(format!(
            "too little room: {orders} orders of {bytes_per_order:.0} bytes take {:.1} GB, and {:.0} GB are to be left; {:.1} GB are free",
            needed / 1e9,
            RESERVE / 1e9,
            free / 1e9
        )))
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        for dir in &self.dirs {
            if let Err(error) = std::fs::remove_dir_all(dir) {
                eprintln!("  ! {}: {error}", dir.display());
            }
        }
    }
}

fn kib(command: &mut Command, number: impl Fn(&str) -> Option<&str>) -> anyhow::Result<f64> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    // `du` complains about files that are removed while it looks, and goes on.
    let text = String::from_utf8_lossy(&output.stdout);
    match number(&text).and_then(|number| number.parse::<f64>().ok()) {
        Some(kib) => Ok(kib * 1_024.0),
        None => bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)),
    }
}
