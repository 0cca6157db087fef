//! The user that Postgres runs as: never root.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::Context;
use nix::unistd::{User, geteuid};

use crate::launch::Account;

/// Ourselves (`None`), or as root the first of these users that exists.
pub fn account() -> anyhow::Result<Option<Account>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let user = ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| User::from_name(name).ok().flatten())
        .context("Postgres refuses root, and this system has neither a user postgres nor nobody")?;
    Ok(Some(Account { user: user.uid.as_raw(), group: user.gid.as_raw() }))
}

/// Whether the user may pass through all folders down to this one.
pub fn can_reach(account: Account, folder: &Path) -> bool {
    folder.ancestors().all(|folder| {
        fs::metadata(folder).is_ok_and(|found| {
            let needed = if found.uid() == account.user { 0o100 } else { 0o001 };
            found.mode() & needed != 0
        })
    })
}
