//! Tasks that belong to a service: started together, stopped together, none forgotten.

use std::future::Future;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The tasks of one service and the signal that ends them. Clones are handles to the same set.
#[derive(Clone, Default)]
pub struct Tasks {
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Tasks {
    /// A set that also stops when `parent` does.
    #[must_use]
    pub fn child_of(parent: &CancellationToken) -> Self {
        Self { stop: parent.child_token(), tracker: TaskTracker::new() }
    }

    /// Starts a task.
    #[expect(clippy::disallowed_methods, reason = "this is where tasks are started")]
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::spawn(self.tracker.track_future(task)));
    }

    /// The signal to stop.
    #[must_use]
    pub const fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Waits until all tasks have ended.
    pub async fn ended(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}
