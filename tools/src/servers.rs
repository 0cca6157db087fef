//! All four servers at once.

use std::path::{Path, PathBuf};
use std::thread::ScopedJoinHandle;

use anyhow::{Context, anyhow};

use crate::postgres::Purpose;
use crate::server::Server;
use crate::{mongo, nats, nats_cluster, postgres, redis};

/// Where servers keep their data, and which ports they listen on.
#[derive(Clone, Debug)]
pub struct Place {
    /// A folder that may not exist yet; each server gets a folder of its name in it.
    pub dir: PathBuf,
    /// Ports on 127.0.0.1.
    pub ports: Ports,
}

/// Ports on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// Whatever is free.
    Free,
    /// These.
    #[expect(missing_docs, reason = "each is the port of the server of that name")]
    Fixed { nats: u16, postgres: u16, redis: u16, mongo: u16 },
}

/// Running servers. Dropping this stops them.
#[derive(Debug)]
pub struct Servers {
    /// nats-server with JetStream; the first node of a cluster.
    pub nats: Server,
    /// The other nodes, where NATS is a cluster.
    pub nats_peers: Vec<Server>,
    /// PostgreSQL; the URL is a superuser's.
    pub postgres: Server,
    /// Redis.
    pub redis: Server,
    /// MongoDB or FerretDB.
    pub mongo: Server,
}

impl Servers {
    /// Starts all four at the same time, small, on free ports, each in a folder of its name in `dir`.
    ///
    /// `auth` is nats-server's authorization, as for [`nats::start`].
    ///
    /// # Errors
    /// When one can't be had or does not start; those that did are stopped again.
    pub fn start(dir: &Path, auth: &str) -> anyhow::Result<Self> {
        let place = Place { dir: dir.to_owned(), ports: Ports::Free };
        Self::start_for(Purpose::Tests, &place, auth)
    }

    /// Starts all four at the same time, for this purpose and in this place.
    ///
    /// # Errors
    /// As [`Servers::start`]; also when a fixed port is in use.
    pub fn start_for(purpose: Purpose, place: &Place, auth: &str) -> anyhow::Result<Self> {
        let on_nats = place.ports.each()[0];
        Self::start_around(purpose, place, || Ok(vec![nats::start(&place.dir.join("nats"), on_nats, auth)?]))
    }

    /// As [`Servers::start`], with NATS as a cluster of three.
    ///
    /// # Errors
    /// As [`Servers::start`].
    pub fn start_clustered(dir: &Path, auth: &str) -> anyhow::Result<Self> {
        let place = Place { dir: dir.to_owned(), ports: Ports::Free };
        Self::start_around(Purpose::Tests, &place, || nats_cluster::start(dir, auth))
    }

    fn start_around(
        purpose: Purpose,
        place: &Place,
        nats: impl FnOnce() -> anyhow::Result<Vec<Server>> + Send,
    ) -> anyhow::Result<Self> {
        let [_, on_postgres, on_redis, on_mongo] = place.ports.each();
        let dir = &place.dir;
        let (nats, postgres, redis, mongo) = std::thread::scope(|scope| {
            let nats = scope.spawn(nats);
            let postgres = scope.spawn(move || postgres::start(&dir.join("postgres"), on_postgres, purpose));
            let redis = scope.spawn(move || redis::start(&dir.join("redis"), on_redis));
            let mongo = scope.spawn(move || mongo::start(&dir.join("mongo"), on_mongo));
            (joined(nats), joined(postgres), joined(redis), joined(mongo))
        });
        let mut nodes = nats?.into_iter();
        let nats = nodes.next().context("NATS has at least one node")?;
        Ok(Self { nats, nats_peers: nodes.collect(), postgres: postgres?, redis: redis?, mongo: mongo? })
    }

    /// All nodes of NATS: one, or those of the cluster.
    pub fn nats_nodes(&self) -> impl Iterator<Item = &Server> {
        std::iter::once(&self.nats).chain(&self.nats_peers)
    }

    /// Where clients connect to NATS: the URLs of all nodes, with commas between them.
    pub fn nats_url(&self) -> String {
        self.nats_nodes().map(Server::url).collect::<Vec<_>>().join(",")
    }

    /// Finds, installs or builds what the servers need, without starting them: afterwards
    /// [`Servers::start`] takes no longer than the servers do.
    ///
    /// # Errors
    /// When a part can't be had; the message names it, says why, and what to do.
    pub fn prepare() -> anyhow::Result<()> {
        std::thread::scope(|scope| {
            // Go builds use all cores by themselves: one after the other.
            let built = scope.spawn(|| nats::provide().and_then(|_| mongo::provide()).map(drop));
            let installed = scope.spawn(|| redis::provide().and_then(|_| postgres::prepare()));
            joined(built).and(joined(installed))
        })
    }
}

impl Ports {
    /// The ports of NATS, Postgres, Redis and MongoDB.
    pub(crate) fn each(self) -> [Option<u16>; 4] {
        match self {
            Self::Free => [None; 4],
            Self::Fixed { nats, postgres, redis, mongo } => [nats, postgres, redis, mongo].map(Some),
        }
    }
}

/// The outcome of a thread; one that panicked is an error.
pub(crate) fn joined<T>(thread: ScopedJoinHandle<'_, anyhow::Result<T>>) -> anyhow::Result<T> {
    thread.join().unwrap_or_else(|_| Err(anyhow!("a thread panicked; its message is above")))
}
