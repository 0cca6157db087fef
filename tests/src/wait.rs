//! Waiting for something to become so.

use std::time::{Duration, Instant};

/// Waits until something is so; fails, with its name, after a minute.
pub async fn eventually(what: &str, is_so: impl AsyncFnMut() -> bool) {
    eventually_within(Duration::from_secs(60), what, is_so).await;
}

/// Waits until something is so; fails, with its name, after `limit`.
pub async fn eventually_within(limit: Duration, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < limit, "not so after {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
