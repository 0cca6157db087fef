//! A data folder (Postgres says "cluster"): where it is, whose it is, and how it is made.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use nix::unistd::geteuid;

use super::Purpose;
use super::account::{account, can_reach};
use super::installation::Installation;
use crate::file_lock::FileLock;
use crate::launch::Account;
use crate::{cache, errand, home, nats::write_private, progress};

/// Longest time to make or copy a data folder.
const LIMIT: Duration = Duration::from_secs(300);
/// The longest path of a Unix socket is 107 bytes; Postgres appends `/.s.PGSQL.<port>.lock`.
const LONGEST_SOCKET_FOLDER: usize = 85;
const PASSWORD: &str = "password";

/// A data folder that is ready for a server.
#[derive(Debug)]
pub struct Cluster {
    pub data: PathBuf,
    pub sockets: PathBuf,
    pub password: String,
    pub account: Option<Account>,
}

/// Where the data of a server started with this place is: the place itself, or, when we are
/// root and the user that Postgres runs as can't reach it, a folder of its own in `/var/tmp`.
///
/// Whoever wipes the place should wipe this too.
///
/// # Errors
/// When the place does not exist, or there is no user to run Postgres as.
pub fn folder(place: &Path) -> anyhow::Result<PathBuf> {
    let place = place.canonicalize().with_context(|| format!("{}", place.display()))?;
    Ok(match account()? {
        Some(account) if !can_reach(account, &place) => {
            Path::new("/var/tmp").join(format!("starling-{:016x}", hash(&place)))
        }
        Some(_) | None => place,
    })
}

/// The data folder of this place, made if it is not there yet.
pub fn provide(programs: &Installation, place: &Path, purpose: Purpose) -> anyhow::Result<Cluster> {
    let account = account()?;
    let folder = folder(place)?;
    if folder != place.canonicalize()? {
        let context = || format!("the folder for Postgres' data, {}", folder.display());
        home::own_folder(&folder, geteuid().as_raw(), 0o755).with_context(context)?;
    }
    if !folder.join("data").exists() {
        match purpose {
            Purpose::Tests => copy(&template(programs)?, &folder)?,
            Purpose::Work => make(programs, account, &folder, "making Postgres' data folder")?,
        }
    }
    let sockets = socket_folder(&folder)?;
    own(&sockets, account, 0o755)?;
    let password = fs::read_to_string(folder.join(PASSWORD)).context("Postgres' password")?;
    Ok(Cluster { data: folder.join("data"), sockets, password, account })
}

/// A prepared data folder in the cache, whose copy saves the second or two that making one takes.
pub fn template(programs: &Installation) -> anyhow::Result<PathBuf> {
    let account = account()?;
    let owner = account.map_or(geteuid().as_raw(), |account| account.user);
    let cache = cache::folder()?;
    let template = cache.join(format!("postgres-{}-user-{owner}", programs.major()));
    if template.exists() {
        return Ok(template);
    }
    let _lock = FileLock::wait(&cache.join("postgres.lock"))?;
    if template.exists() {
        return Ok(template);
    }
    // Made where Postgres' user can reach it; the cache may be in root's home.
    let scratch = crate::scratch::Scratch::new("postgres-template")?;
    make(programs, account, scratch.path(), "preparing a Postgres data folder for tests (once)")?;
    let unfinished = template.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    fs::create_dir(&unfinished)?;
    copy(scratch.path(), &unfinished)?;
    fs::rename(&unfinished, &template)?;
    Ok(template)
}

/// Makes `data` and `password` in the folder. A half-made data folder never has the name `data`.
fn make(programs: &Installation, account: Option<Account>, folder: &Path, what: &str) -> anyhow::Result<()> {
    progress::step(what, || {
        let unfinished = folder.join("data.unfinished");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        own(&unfinished, account, 0o700)?;
        let password = folder.join(PASSWORD);
        write_private(&password, &random_hex()?)?;
        hand_over(&password, account)?;
        let mut initdb = Command::new(programs.initdb());
        initdb.current_dir(&unfinished).arg("-D").arg(&unfinished).arg("--pwfile").arg(&password);
        initdb.args(["-U", "postgres", "--auth=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8"]);
        errand::run(&initdb, account, LIMIT)?;
        fs::rename(&unfinished, folder.join("data"))?;
        Ok(())
    })
}

/// Copies a data folder with its owners and modes; the data last and under its name only when complete.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let unfinished = to.join("data.unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    for (source, target) in
        [(from.join(PASSWORD), to.join(PASSWORD)), (from.join("data"), unfinished.clone())]
    {
        let mut cp = Command::new("cp");
        cp.arg("-a").arg(source).arg(target);
        errand::run(&cp, None, LIMIT)?;
    }
    fs::rename(&unfinished, to.join("data"))?;
    Ok(())
}

fn socket_folder(folder: &Path) -> anyhow::Result<PathBuf> {
    let beside = folder.join("run");
    if beside.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
        return Ok(beside);
    }
    let short = home::temporary()?.join(format!("run-{:016x}", hash(folder)));
    if short.as_os_str().len() > LONGEST_SOCKET_FOLDER {
        bail!("{} is too long for a Unix socket; set TMPDIR to a shorter folder", short.display());
    }
    Ok(short)
}

/// A folder of the user that Postgres runs as.
fn own(folder: &Path, account: Option<Account>, mode: u32) -> anyhow::Result<()> {
    let owner = account.map_or(geteuid().as_raw(), |account| account.user);
    home::own_folder(folder, owner, mode).with_context(|| format!("{}", folder.display()))?;
    hand_over(folder, account)
}

fn hand_over(path: &Path, account: Option<Account>) -> anyhow::Result<()> {
    if let Some(Account { user, group }) = account {
        std::os::unix::fs::chown(path, Some(user), Some(group))?;
    }
    Ok(())
}

fn hash(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// 128 random bits from the system, as text that needs no escaping in a URL.
fn random_hex() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
