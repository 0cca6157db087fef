//! The folder under the system's temporary one where all that this crate makes in passing lives.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

/// `<temporary folder>/starling-<user id>`, made on first use.
///
/// Others may pass through it (Postgres runs as another user when we are root), only we may write.
///
/// # Errors
/// When it can't be made, or exists and belongs to somebody else.
pub fn temporary() -> anyhow::Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("starling-{}", nix::unistd::geteuid()));
    own_folder(&path, nix::unistd::geteuid().as_raw(), 0o755)
        .with_context(|| format!("the folder for temporary data, {}", path.display()))?;
    Ok(path)
}

/// Makes a folder of this owner and mode; in a place where everybody may write, a folder
/// that is there already must be the owner's, and not a link to elsewhere.
pub fn own_folder(path: &Path, owner: u32, mode: u32) -> anyhow::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => std::os::unix::fs::chown(path, Some(owner), None)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(path)?;
            ensure!(found.is_dir() && found.uid() == owner, "it exists, and is not a folder of user {owner}");
        }
        Err(error) => return Err(error.into()),
    }
    // Exact whatever the umask is.
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    Ok(())
}
