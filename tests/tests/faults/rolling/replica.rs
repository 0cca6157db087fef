//! One more process of a service that runs already.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant},
};
use tests::Flock;
use tokio::task::block_in_place;
use tools::Process;

/// How long it may take until it is ready, on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How often it is asked.
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub trait Replicas {
    /// Starts one more process of a service (or of all), with a log of this name; returns once it is ready.
    fn replica(&self, service: &str, log: &str) -> Process;
}

impl Replicas for Flock {
    fn replica(&self, service: &str, log: &str) -> Process {
        block_in_place(|| {
            let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
            let health = free.expect("a free port");
            let mut command = self.command(&["run", service]);
            command.env("HEALTH_LISTEN", health.to_string());
            let process = tools::program(&command, log, self.folder()).expect("it can be started");
            let began = Instant::now();
            while !is_ready(health) {
                assert!(process.is_running(), "{log} has ended:\n{}", process.log_tail());
                assert!(began.elapsed() < READY_WITHIN, "{log} is not ready:\n{}", process.log_tail());
                std::thread::sleep(LOOK_EVERY);
            }
            process
        })
    }
}

fn is_ready(health: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(health)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET /health/ready HTTP/1.1\r\nhost: {health}\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
