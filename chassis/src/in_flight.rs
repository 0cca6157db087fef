//! Messages that this process has taken and not yet acknowledged.

use crate::{connect::Nats, delivery, delivery::Delivery};
use contracts::MessageId;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long a service has for a message before the server delivers it again. It is also how long a message waits
/// after its service was killed.
pub(crate) const ACK_WAIT: Duration = Duration::from_secs(5);

/// Clones are handles to the same.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<BTreeMap<MessageId, Taken>>>);

struct Taken {
    reply: async_nats::Subject,
    since: Instant,
}

impl InFlight {
    /// Notes a delivery; false if the same message is being worked on already, so that this one can be dropped.
    pub fn take(&self, delivery: &Delivery) -> bool {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let again = taken.contains_key(&delivery.id);
        if !again {
            taken.insert(delivery.id, Taken { reply: delivery.reply.clone(), since: Instant::now() });
        }
        !again
    }

    /// Acknowledges messages. A lost acknowledgement costs a journal hit.
    pub async fn acknowledge(&self, nats: &Nats, ids: &[MessageId]) {
        self.release(nats, ids, delivery::ACK).await;
    }

    /// Hands messages back, undone.
    pub async fn hand_back(&self, nats: &Nats, ids: &[MessageId]) {
        self.release(nats, ids, delivery::HAND_BACK).await;
    }

    async fn release(&self, nats: &Nats, ids: &[MessageId], how: bytes::Bytes) {
        let replies: Vec<_> = {
            let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            ids.iter().filter_map(|id| taken.remove(id)).map(|taken| taken.reply).collect()
        };
        for reply in replies {
            drop(nats.client.publish(reply, how.clone()).await);
        }
    }

    /// Tells the server every third of [`ACK_WAIT`] that slow work goes on. Ends when dropped.
    pub async fn keep_alive(self, nats: Nats) {
        loop {
            tokio::time::sleep(ACK_WAIT / 3).await;
            let slow: Vec<_> = {
                let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let old = taken.values().filter(|taken| taken.since.elapsed() >= ACK_WAIT / 3);
                old.map(|taken| taken.reply.clone()).collect()
            };
            for reply in slow {
                drop(nats.client.publish(reply, delivery::WORKING).await);
            }
        }
    }
}
