//! Three nats-servers that keep each other's streams: each can be killed, paused, stopped, started again and wiped.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, ensure};
use nix::sys::signal::Signal;

use crate::deadline::{Deadline, connect};
use crate::nats;
use crate::port::{Port, loopback};
use crate::server::Server;
use crate::servers::joined;

/// As many as survive the loss of one.
pub const NODES: usize = 3;
/// How long the nodes may take to find each other and a leader.
const WELL_LIMIT: Duration = Duration::from_secs(60);
/// How often they are asked meanwhile.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a node in lame duck mode may take until it has sent its clients away.
const LAME_DUCK_LIMIT: Duration = Duration::from_secs(60);

/// Starts three nodes on free ports, each in a folder of its own in `dir`, and waits until they have a leader.
///
/// `auth` is each node's authorization, as for [`nats::start`].
///
/// # Errors
/// When there is no nats-server to be had, one does not start, or they don't find each other.
pub fn start(dir: &Path, auth: &str) -> anyhow::Result<Vec<Server>> {
    let mut ports = Vec::with_capacity(NODES);
    for _ in 0..NODES {
        ports.push(Port::claim(None)?);
    }
    let numbers: Vec<u16> = ports.iter().map(Port::number).collect();
    let nodes: Vec<_> = std::thread::scope(|scope| {
        let start_one = |(number, port): (usize, Port)| {
            let more = configure(number, &port, &numbers);
            scope.spawn(move || {
                let name = format!("nats-{number}");
                Ok(nats::start_as(&name, &dir.join(&name), None, auth, &more)?.with_peers(port))
            })
        };
        let starting: Vec<_> = (1..).zip(ports).map(start_one).collect();
        starting.into_iter().map(joined).collect()
    });
    let nodes = nodes.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let deadline = Deadline::after(WELL_LIMIT);
    while !nodes.iter().all(is_well) {
        ensure!(deadline.sleep(PAUSE), "the nodes have no leader:\n{}", nodes[0].log_tail());
    }
    Ok(nodes)
}

/// Whether a node says that it is well: it has a leader, and its copy of every stream and consumer is up to date.
pub fn is_well(node: &Server) -> bool {
    health(node).is_ok_and(|answer| answer.starts_with("HTTP/1.0 200"))
}

/// Replaces the authorization of all running nodes, one after the other.
///
/// # Errors
/// As [`nats::authorize`]; the nodes before the one that refuses have the new one.
pub fn authorize<'a>(nodes: impl IntoIterator<Item = &'a Server>, auth: &str) -> anyhow::Result<()> {
    nodes.into_iter().try_for_each(|node| nats::authorize(node, auth))
}

/// Has a node hand over what it leads and send its clients away before it stops, as before maintenance.
///
/// # Errors
/// When it can't be signalled, or has not stopped within a minute.
pub fn lame_duck(node: &Server) -> anyhow::Result<ExitStatus> {
    node.signal(Signal::SIGUSR2)?;
    node.wait(LAME_DUCK_LIMIT)?.with_context(|| format!("{} is still a lame duck", node.name()))
}

/// Removes a stopped node's streams and consumers, and what it knew of its cluster, as if it had a new disk.
///
/// # Errors
/// When it is running, or the files can't be removed.
pub fn wipe(node: &Server) -> anyhow::Result<()> {
    ensure!(!node.is_running(), "{} is running", node.name());
    let place = node.log_path().parent().context("the log is in the server's folder")?;
    let store = place.join(nats::STORE);
    fs::remove_dir_all(&store).with_context(|| format!("{} can't be removed", store.display()))
}

fn configure(number: usize, port: &Port, all: &[u16]) -> String {
    let routes: Vec<String> = all.iter().map(|number| format!("\"nats://127.0.0.1:{number}\"")).collect();
    format!(
        r#"server_name: "nats-{number}"
cluster {{
  name: "starling"
  listen: "127.0.0.1:{port}"
  routes: [{routes}]
  pool_size: 1
  # Clients know all nodes by their URLs.
  no_advertise: true
}}
# The shortest that it takes: each client is sent away at once.
lame_duck_duration: "30s"
lame_duck_grace_period: "1s"
"#,
        port = port.number(),
        routes = routes.join(", "),
    )
}

fn health(node: &Server) -> anyhow::Result<String> {
    let port = node.monitor_port().context("a NATS server has one")?;
    let mut stream = connect(loopback(port))?;
    write!(stream, "GET /healthz HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
