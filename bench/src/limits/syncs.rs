//! How often a second the disk can be told to keep what was written.

use std::{
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

/// 8 KiB written and synced, one after the other, a second.
pub fn measure(dir: &Path, time: Duration) -> anyhow::Result<f64> {
    let path = dir.join("syncs");
    let mut file = File::create(&path)?;
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < time {
        file.write_all(&[7; 8192])?;
        file.sync_data()?;
        count += 1;
    }
    let a_second = f64::from(count) / began.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(a_second)
}
