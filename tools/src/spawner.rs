//! Starts children so that they die with this process, even when it is killed.
//!
//! Linux can send a child a signal when its parent ends (`PR_SET_PDEATHSIG`); `setpriv` of
//! util-linux sets it without any unsafe code of ours. The "parent" is the *thread* that made
//! the child, so all children are made by one thread that ends only with the process.

use std::ffi::OsStr;
use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

use crate::find;

type Order = (Command, Sender<io::Result<Child>>);

/// Starts the command on the thread that outlives all others.
///
/// # Errors
/// What [`Command::spawn`] says.
pub fn spawn(command: Command) -> io::Result<Child> {
    static ORDERS: OnceLock<Sender<Order>> = OnceLock::new();
    let orders = ORDERS.get_or_init(|| {
        let (orders, received) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in received {
                // Nobody listens only when the asking thread is gone; its child goes with us.
                drop(answer.send(command.spawn()));
            }
        });
        orders
    });
    let (answer, child) = channel();
    let gone = || io::Error::other("the thread that starts children is gone");
    orders.send((command, answer)).map_err(|_| gone())?;
    child.recv().map_err(|_| gone())?
}

/// A command that runs `program` and makes it die with us where the system can do that.
pub fn mortal(program: &OsStr) -> Command {
    let Some(setpriv) = setpriv() else {
        return Command::new(program);
    };
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// `setpriv`, if this system has one that knows `--pdeathsig`.
fn setpriv() -> Option<&'static std::path::Path> {
    static FOUND: OnceLock<Option<std::path::PathBuf>> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            let setpriv = find::on_path("setpriv")?;
            let works = Command::new(&setpriv)
                .args(["--pdeathsig", "KILL", "--", "true"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success());
            works.then_some(setpriv)
        })
        .as_deref()
}
