//! Listening to everything that passes on some subjects, as a test's own ear.

use crate::Flock;
use async_nats::Subscriber;
use futures_util::{StreamExt, stream::SelectAll};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long something may take that should pass.
const PATIENCE: Duration = Duration::from_secs(60);

/// One message that passed.
#[derive(Debug, Clone)]
pub struct Passed {
    /// Its subject.
    pub subject: String,
    /// Its body as text.
    pub text: String,
    /// Its body; null when it is no JSON.
    pub body: Value,
}

/// What passes from now on, and what has passed since the beginning.
pub struct Tap {
    coming: SelectAll<Subscriber>,
    /// Everything that was listened to so far.
    pub passed: Vec<Passed>,
    _nats: async_nats::Client,
}

impl Tap {
    /// Waits for a message that fits; fails, with its name, after a minute. All that passes is kept.
    pub async fn until(&mut self, what: &str, fits: impl Fn(&Passed) -> bool) -> Passed {
        if let Some(passed) = self.passed.iter().find(|passed| fits(passed)) {
            return passed.clone();
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let next = timeout_at(until, self.coming.next()).await;
            let message = next.unwrap_or_else(|_| panic!("did not pass within {PATIENCE:?}: {what}"));
            let message = message.expect("the subscription lasts as long as its client");
            let text = String::from_utf8_lossy(&message.payload).into_owned();
            let body = serde_json::from_slice(&message.payload).unwrap_or_default();
            let passed = Passed { subject: message.subject.to_string(), text, body };
            self.passed.push(passed.clone());
            if fits(&passed) {
                return passed;
            }
        }
    }

    /// What passed so far with this text in its body.
    pub fn with(&self, text: &str) -> Vec<&Passed> {
        self.passed.iter().filter(|passed| passed.text.contains(text)).collect()
    }
}

impl Flock {
    /// Begins to listen to these subjects.
    pub async fn tap(&self, subjects: &[&str]) -> Tap {
        let nats = self.nats().await;
        let mut coming = SelectAll::new();
        for subject in subjects {
            coming.push(nats.subscribe((*subject).to_owned()).await.expect("the tester may listen to all"));
        }
        nats.flush().await.expect("the server knows of the subscriptions");
        Tap { coming, passed: vec![], _nats: nats }
    }
}
