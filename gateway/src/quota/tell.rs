//! Telling Redis what was counted here, and hearing what was counted everywhere.

use super::{Key, Quotas, lock, now, window::Moment};
use crate::{
    app::App,
    memory::{Counted, Memory},
    rate::Who,
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often. A caller over its quota is refused at all gateways so much later.
const EVERY: Duration = Duration::from_millis(200);
/// The most callers in one round trip.
const AT_ONCE: usize = 512;

/// Tells Redis again and again, until told to stop.
pub(crate) async fn follow(app: Arc<App>, stop: CancellationToken) {
    let mut minute = now().minute;
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
        app.quotas.tell_all(&app.memory).await;
        let now = now();
        if now.minute != minute {
            minute = now.minute;
            app.quotas.forget(now);
        }
    }
}

impl Quotas {
    async fn tell_all(&self, memory: &Memory) {
        let untold: Vec<Key> =
            self.shards.iter().flat_map(|shard| std::mem::take(&mut lock(shard).untold)).collect();
        for keys in untold.chunks(AT_ONCE) {
            self.tell(keys, memory).await;
        }
    }

    /// Tells Redis of this caller now, and waits for what it says; without Redis it is told later.
    pub(super) async fn tell_one(&self, key: Key, memory: &Memory) {
        self.tell(&[key], memory).await;
    }

    async fn tell(&self, keys: &[Key], memory: &Memory) {
        let (mut sent, mut counts) = (Vec::with_capacity(keys.len()), Vec::with_capacity(keys.len()));
        for &key in keys {
            let mut shard = self.shard(key);
            let Some(window) = shard.windows.get_mut(&key) else { continue };
            let (minute, amount) = (window.minute, window.send());
            if amount > 0 {
                sent.push((key, minute, amount));
                counts.push(Counted { of: name(key), minute, amount });
            }
        }
        if sent.is_empty() {
            return;
        }
        let totals = memory.count(&counts).await;
        for (index, (key, minute, amount)) in sent.into_iter().enumerate() {
            let mut shard = self.shard(key);
            let Some(window) = shard.windows.get_mut(&key) else { continue };
            match totals.as_ref().ok().and_then(|totals| totals.get(index)) {
                Some(total) => window.heard(minute, amount, total.minute, total.before),
                None if window.not_heard(minute, amount) => shard.untold.push(key),
                None => {}
            }
        }
    }

    /// Forgets those who were quiet for two minutes.
    pub(super) fn forget(&self, now: Moment) {
        for shard in &self.shards {
            lock(shard).windows.retain(|_, window| window.minute + 1 >= now.minute);
        }
    }
}

/// What Redis calls a caller's requests of a class.
fn name((who, class): Key) -> String {
    let class = class.name();
    match who {
        Who::User(id) => format!("{class}:user:{id}"),
        Who::Trusted(id) => format!("{class}:trusted:{id}"),
        Who::Address(address) => format!("{class}:address:{address}"),
    }
}
