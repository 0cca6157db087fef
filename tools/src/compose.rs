//! The parts from Docker Compose, where a Docker daemon answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::nats::write_private;
use crate::servers::Ports;
use crate::{errand, find, progress};

/// How long a daemon may take to answer: one that is not there must not hold us up.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How long images may take to come, and servers to become healthy.
const UP_LIMIT: Duration = Duration::from_secs(600);
/// How long they may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// Ports that the compose file publishes when none are fixed: NATS, Postgres, Redis, MongoDB.
const USUAL_PORTS: [u16; 4] = [4222, 5432, 6379, 27017];

/// Running services of the compose file. Dropping this stops them; their volumes stay.
#[derive(Debug)]
pub struct Compose {
    docker: PathBuf,
    file: PathBuf,
    state: PathBuf,
    ports: [u16; 4],
    services: Vec<&'static str>,
}

impl Compose {
    /// Starts these services and waits until they are healthy.
    ///
    /// # Errors
    /// When no Docker daemon answers, it has no Compose, or a service does not become healthy.
    pub fn up(
        file: &Path,
        state: &Path,
        ports: Ports,
        auth: &str,
        services: Vec<&'static str>,
    ) -> anyhow::Result<Self> {
        let docker = find::on_path("docker").context("there is no docker")?;
        ensure!(file.is_file(), "there is no {}", file.display());
        let mut info = Command::new(&docker);
        info.arg("info").args(["--format", "{{.ServerVersion}}"]);
        errand::run(&info, None, ANSWER_LIMIT).context("no Docker daemon answers")?;
        let mut version = Command::new(&docker);
        version.args(["compose", "version"]);
        errand::run(&version, None, ANSWER_LIMIT).context("docker has no compose")?;

        let folder = state.join("compose");
        fs::create_dir_all(&folder)?;
        write_private(&folder.join("authorization.conf"), auth)?;
        let [nats, postgres, redis, mongo] = ports.each();
        let [usual_nats, usual_postgres, usual_redis, usual_mongo] = USUAL_PORTS;
        let ports = [
            nats.unwrap_or(usual_nats),
            postgres.unwrap_or(usual_postgres),
            redis.unwrap_or(usual_redis),
            mongo.unwrap_or(usual_mongo),
        ];
        // From here on dropping it stops what was started.
        let compose = Self { docker, file: file.to_owned(), state: state.to_owned(), ports, services };
        progress::step(&format!("Docker Compose: {}", compose.services.join(", ")), || {
            compose.run(&["up", "--detach", "--wait"], UP_LIMIT)
        })?;
        if compose.services.contains(&"nats") {
            // One that was running already has still the old authorization.
            let mut signal = compose.command();
            signal.args(["kill", "--signal", "HUP", "nats"]);
            errand::run(&signal, None, STOP_LIMIT)?;
        }
        Ok(compose)
    }

    /// Removes the services and their volumes, if they were ever used with this state folder.
    ///
    /// # Errors
    /// When they were, and Docker can't remove them.
    pub fn wipe(file: &Path, state: &Path) -> anyhow::Result<()> {
        if !state.join("compose").exists() {
            return Ok(());
        }
        let docker = find::on_path("docker").context("Docker Compose was used, but docker is gone")?;
        let services = Vec::new();
        let compose =
            Self { docker, file: file.to_owned(), state: state.to_owned(), ports: USUAL_PORTS, services };
        compose.run(&["down", "--volumes"], STOP_LIMIT)
    }

    /// Where clients connect to a service, if it is one of those that were started.
    pub fn url(&self, service: &str) -> Option<String> {
        if !self.services.contains(&service) {
            return None;
        }
        let [nats, postgres, redis, mongo] = self.ports;
        match service {
            "nats" => Some(format!("nats://127.0.0.1:{nats}")),
            "postgres" => Some(format!("postgres://postgres:starling@127.0.0.1:{postgres}/postgres")),
            "redis" => Some(format!("redis://127.0.0.1:{redis}")),
            "mongo" => Some(format!("mongodb://127.0.0.1:{mongo}/")),
            _ => None,
        }
    }

    fn run(&self, arguments: &[&str], limit: Duration) -> anyhow::Result<()> {
        let mut command = self.command();
        command.args(arguments).args(&self.services);
        errand::run(&command, None, limit)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.docker);
        command.args(["compose", "--project-name", "starling", "--file"]).arg(&self.file);
        command.env("STARLING_STATE", &self.state);
        for (variable, port) in
            ["NATS_PORT", "POSTGRES_PORT", "REDIS_PORT", "MONGO_PORT"].iter().zip(self.ports)
        {
            command.env(variable, port.to_string());
        }
        command
    }
}

impl Drop for Compose {
    fn drop(&mut self) {
        if self.services.is_empty() {
            return; // without names it would stop all
        }
        if let Err(error) = self.run(&["stop"], STOP_LIMIT) {
            eprintln!("  ! Docker Compose was not stopped: {error:#}");
        }
    }
}
