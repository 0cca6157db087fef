//! Where each of the four parts comes from on a developer's machine: the environment, a program on
//! `PATH`, Docker Compose, or the pinned sources and the distribution's packages, in this order.

use std::fs;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::compose::Compose;
use crate::postgres::Purpose;
use crate::server::Server;
use crate::servers::{Place, joined};
use crate::{mongo, nats, postgres, redis, settings};

/// How long a server that the environment names may take to accept a connection.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// A running part.
#[derive(Debug)]
pub struct Part {
    /// What it is called: `nats`, `postgres`, `redis` or `mongo`.
    pub name: &'static str,
    /// Where clients connect to, with user and password where it has them.
    pub url: String,
    /// Who runs it.
    pub source: Source,
}

/// Who runs a part.
#[derive(Debug)]
pub enum Source {
    /// The user: this variable of the environment names it. It is not ours to stop.
    Environment(&'static str),
    /// We do, as a child process.
    Child(Box<Server>),
    /// Docker Compose; [`Parts`] stops it.
    Compose,
}

/// The four parts. Dropping this stops what it started.
#[derive(Debug)]
pub struct Parts {
    /// nats-server with JetStream.
    pub nats: Part,
    /// PostgreSQL; the URL is a superuser's.
    pub postgres: Part,
    /// Redis.
    pub redis: Part,
    /// MongoDB or FerretDB.
    pub mongo: Part,
    _compose: Option<Compose>,
}

/// Finds or starts the four parts, those that are children at the same time.
///
/// `auth` is nats-server's authorization; a server from the environment must have it already.
///
/// # Errors
/// When a part can't be had; the message names it, says why, and the three ways to provide it.
pub fn parts(place: &Place, auth: &str, compose_file: &Path) -> anyhow::Result<Parts> {
    let named = NAMES.map(|(name, variable)| settings::url(variable).map(|url| (name, variable, url)));
    for (_, variable, url) in named.iter().flatten() {
        answers(url).with_context(|| format!("{variable} is set, but nobody answers there"))?;
    }
    let here = [
        nats::on_path().is_ok(),
        postgres::find_installation().is_some(),
        redis::on_path().is_some(),
        mongo::on_path().is_some(),
    ];
    let had = named.iter().zip(here).map(|(named, here)| named.is_some() || here);
    let missing: Vec<_> = NAMES.iter().zip(had).filter(|(_, had)| !had).map(|((name, _), _)| *name).collect();
    let compose = compose(place, auth, compose_file, missing);

    let [on_nats, on_postgres, on_redis, on_mongo] = place.ports.each();
    let dir = &place.dir;
    let [nats, postgres, redis, mongo] = named.map(|named| {
        named.map(|(name, variable, url)| Part { name, url, source: Source::Environment(variable) })
    });
    let others = compose.as_ref();
    std::thread::scope(|scope| {
        let nats = scope
            .spawn(move || either(nats, others, "nats", || nats::start(&dir.join("nats"), on_nats, auth)));
        let postgres = scope.spawn(move || {
            let start = || postgres::start(&dir.join("postgres"), on_postgres, Purpose::Work);
            either(postgres, others, "postgres", start)
        });
        let redis = scope
            .spawn(move || either(redis, others, "redis", || redis::start(&dir.join("redis"), on_redis)));
        let mongo = scope
            .spawn(move || either(mongo, others, "mongo", || mongo::start(&dir.join("mongo"), on_mongo)));
        let (nats, postgres, redis, mongo) = (joined(nats), joined(postgres), joined(redis), joined(mongo));
        Ok((nats?, postgres?, redis?, mongo?))
    })
    .map(|(nats, postgres, redis, mongo)| Parts { nats, postgres, redis, mongo, _compose: compose })
}

/// Removes all data that [`parts`] keeps for this place, beside the folder itself and what the
/// user's own servers hold: Postgres' data where it had to be elsewhere, and Compose's volumes.
///
/// # Errors
/// When something is there and can't be removed.
pub fn wipe(place: &Path, compose_file: &Path) -> anyhow::Result<()> {
    Compose::wipe(compose_file, place)?;
    let postgres = place.join("postgres");
    if postgres.exists() {
        let data = postgres::folder(&postgres)?;
        if data.exists() {
            fs::remove_dir_all(&data).with_context(|| format!("{} can't be removed", data.display()))?;
        }
    }
    Ok(())
}

/// Each part, and the variable that names one that the user runs.
const NAMES: [(&str, &str); 4] =
    [("nats", "NATS_URL"), ("postgres", "POSTGRES_URL"), ("redis", "REDIS_URL"), ("mongo", "MONGODB_URL")];

/// The parts that are neither named nor on `PATH`, from Docker; without Docker they are built.
fn compose(place: &Place, auth: &str, file: &Path, missing: Vec<&'static str>) -> Option<Compose> {
    if missing.is_empty() {
        return None;
    }
    let list = missing.join(", ");
    match Compose::up(file, &place.dir, place.ports, auth, missing) {
        Ok(compose) => Some(compose),
        Err(why) => {
            let why = why.to_string();
            eprintln!("  … {list}: not from Docker Compose ({})", why.lines().next().unwrap_or_default());
            None
        }
    }
}

fn either(
    named: Option<Part>,
    compose: Option<&Compose>,
    name: &'static str,
    start: impl FnOnce() -> anyhow::Result<Server>,
) -> anyhow::Result<Part> {
    if let Some(part) = named {
        return Ok(part);
    }
    if let Some(url) = compose.and_then(|compose| compose.url(name)) {
        return Ok(Part { name, url, source: Source::Compose });
    }
    let server = start().with_context(|| format!("the part {name} is missing"))?;
    Ok(Part { name, url: server.url().to_owned(), source: Source::Child(Box::new(server)) })
}

/// Whether something accepts connections there. A URL without a port is left to its client.
fn answers(url: &str) -> anyhow::Result<()> {
    let Some(host) = host(url) else {
        return Ok(());
    };
    let addresses: Vec<_> = host.to_socket_addrs().with_context(|| host.to_owned())?.collect();
    let answered = addresses.iter().any(|address| TcpStream::connect_timeout(address, ANSWER_LIMIT).is_ok());
    ensure!(answered, "{host} refuses connections");
    Ok(())
}

/// Host and port of a URL; the first ones where it names several.
fn host(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next()?;
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    let first = hosts.split(',').next()?;
    first.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::host;

    #[track_caller]
    fn check(url: &str, expected: Option<&str>) {
        assert_eq!(host(url), expected, "{url}");
    }

    #[test]
    fn a_url_gives_the_host_to_ask() {
        check("postgres://u:p@db:5432/postgres?sslmode=disable", Some("db:5432"));
        check("nats://a:4222,b:4222", Some("a:4222"));
        check("127.0.0.1:4222", Some("127.0.0.1:4222"));
        check("mongodb+srv://cluster.example/db", None);
        check("redis://[::1]:6379", Some("[::1]:6379"));
    }
}
