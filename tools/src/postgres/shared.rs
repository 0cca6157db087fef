//! One Postgres for all tests of a process.

use std::sync::OnceLock;

use super::{Purpose, start};
use crate::scratch::Scratch;
use crate::server::Server;
use crate::settings;

/// The server and its folder. A static is never dropped: the server dies with the process, and
/// the folder is swept by the next process that makes one.
struct Shared {
    url: String,
    _parts: Option<(Server, Scratch)>,
}

/// The admin URL of a Postgres that this process shares: `TEST_POSTGRES_URL`, or a server
/// that the first call starts. Each test makes a database of its own in it.
///
/// # Panics
/// When there is no Postgres to be had: a test can't go on without.
pub fn shared() -> &'static str {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    &SHARED
        .get_or_init(|| match settings::test_postgres_url() {
            Some(url) => Shared { url, _parts: None },
            None => begin().unwrap_or_else(|error| panic!("no Postgres for tests: {error:#}")),
        })
        .url
}

fn begin() -> anyhow::Result<Shared> {
    let scratch = Scratch::new("shared-postgres")?;
    let server = start(scratch.path(), None, Purpose::Tests)?;
    Ok(Shared { url: server.url().to_owned(), _parts: Some((server, scratch)) })
}
