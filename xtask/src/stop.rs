//! Ctrl-C, and SIGTERM where there is no terminal.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, bail};

/// Someone who wants us to stop.
pub struct Stop {
    asked: Receiver<()>,
}

impl Stop {
    /// Listens from now on. Who asks a second time does not wait for an orderly end:
    /// we exit, and the system kills our children.
    pub fn listen() -> anyhow::Result<Self> {
        let (ask, asked) = channel();
        let mut times = 0;
        let heard = move || {
            times += 1;
            if times > 1 || ask.send(()).is_err() {
                std::process::exit(130);
            }
            eprintln!("\n  … stopping (once more: at once)");
        };
        ctrlc::set_handler(heard).context("signals can't be listened to")?;
        Ok(Self { asked })
    }

    /// Whether we were asked within this time.
    pub fn within(&self, limit: Duration) -> bool {
        match self.asked.recv_timeout(limit) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }

    /// An error when we were asked: between two steps of a start.
    pub fn check(&self) -> anyhow::Result<()> {
        if self.within(Duration::ZERO) {
            bail!("stopped before everything was started");
        }
        Ok(())
    }
}
