//! What the provider tells of its own accord: checked, read, matched to its charge, never acted upon twice.

use super::answers::Known;
use super::{Account, Attempt, MOST_ATTEMPTS, NoticeOutcome, WebhookEvent};
use crate::{Rules, Tells};
use chassis::{Decision, Fact, Why, signature};
use contracts::{DeclineReason, OrderId, PaymentWebhook, Text, Timestamp};
use serde::{Deserialize, Serialize};

/// The body of a webhook, as the provider writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeBody {
    /// The provider's own, the same whenever it sends this again.
    pub event_id: Text<100>,
    /// The charge's idempotency key, `<order>-<attempt>`.
    pub key: Text<100>,
    /// `captured`, `declined` or `expired`.
    pub outcome: Text<20>,
    /// The provider's own reference of the charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_ref: Option<Text<100>>,
}

/// A webhook, checked and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which provider.
    pub provider: Text<32>,
    /// The provider's own id of it.
    pub event_id: Text<100>,
    /// The order of the charge.
    pub order: OrderId,
    /// The charge's number.
    pub attempt: i32,
    /// What it says.
    pub outcome: NoticeOutcome,
    /// The provider's own reference of the charge.
    pub provider_ref: Option<Text<100>>,
}

impl Notice {
    /// Checks the signature, at the time when the gateway took the webhook in, and reads the body.
    pub(crate) fn read(rules: &Rules, at: Timestamp, webhook: &PaymentWebhook) -> Result<Self, String> {
        let (header, body) = (webhook.signature.as_str(), webhook.body.as_str());
        signature::verify(&rules.webhook_secret, header, body, at, signature::TOLERANCE)
            .map_err(|forged| format!("a webhook of {}: {forged}", webhook.provider))?;
        let unreadable = |what: &str| format!("a webhook of {} with an unreadable {what}", webhook.provider);
        let body: NoticeBody = serde_json::from_str(body).map_err(|_| unreadable("body"))?;
        let (order, attempt) = read_key(body.key.as_str()).ok_or_else(|| unreadable("key"))?;
        let outcome = NoticeOutcome::of(body.outcome.as_str()).ok_or_else(|| unreadable("outcome"))?;
        let NoticeBody { event_id, provider_ref, .. } = body;
        Ok(Self { provider: webhook.provider.clone(), event_id, order, attempt, outcome, provider_ref })
    }
}

/// The order and the number in an idempotency key.
fn read_key(key: &str) -> Option<(OrderId, i32)> {
    let (order, number) = key.rsplit_once('-')?;
    let number = number.parse().ok().filter(|number| (1..=MOST_ATTEMPTS).contains(number))?;
    Some((order.parse().ok()?, number))
}

const fn known(outcome: NoticeOutcome) -> Known {
    match outcome {
        NoticeOutcome::Captured => Known::Captured,
        NoticeOutcome::Declined => Known::Declined { why: DeclineReason::Declined },
        NoticeOutcome::Expired => Known::Declined { why: DeclineReason::Expired },
    }
}

impl Account {
    pub(super) fn hear_webhook(&mut self, notice: &Notice, at: Timestamp) -> Decision<Tells> {
        let key = (notice.provider.clone(), notice.event_id.clone());
        if self.webhooks.get(&key).is_some() {
            return Decision::Ignore(Why::Repeat);
        }
        // A charge that was not sent yet, as far as we know, is waited for: its answer matches the event.
        let matched = self.attempts.get(&notice.attempt).is_some_and(Attempt::was_sent);
        let decision =
            if matched { self.learn(notice.attempt, known(notice.outcome)) } else { Decision::NOTED };
        let Decision::Accept(facts) = decision else { return decision };
        if matched {
            self.refer(notice.attempt, notice.provider_ref.as_ref());
        }
        let event = WebhookEvent {
            attempt: notice.attempt,
            outcome: notice.outcome,
            provider_ref: notice.provider_ref.clone(),
            matched,
            at,
        };
        self.webhooks.put(key, event);
        self.payment.webhooks += 1;
        Decision::Accept(facts)
    }

    /// Acts on the webhooks that came before the answer to their charge.
    pub(super) fn match_webhooks(&mut self, number: i32, answered: Decision<Tells>) -> Decision<Tells> {
        let waits = |event: &WebhookEvent| !event.matched && event.attempt == number;
        let mut early: Vec<_> = self.webhooks.iter().filter(|(_, event)| waits(event)).collect();
        early.sort_by_key(|(key, event)| (event.at, *key));
        let early: Vec<_> = early.into_iter().map(|(key, event)| (key.clone(), event.clone())).collect();
        if early.is_empty() || matches!(answered, Decision::Ignore(Why::Impossible(_))) {
            return answered;
        }
        let mut facts: Vec<Fact<Tells>> = match answered {
            Decision::Accept(facts) => facts,
            Decision::Ignore(_) => vec![],
        };
        for (key, event) in early {
            if let Decision::Accept(more) = self.learn(number, known(event.outcome)) {
                facts.extend(more);
                self.refer(number, event.provider_ref.as_ref());
            }
            if let Some(event) = self.webhooks.change(&key) {
                event.matched = true;
            }
        }
        Decision::Accept(facts)
    }
}

/// The idempotency key of an attempt at the provider.
#[must_use]
pub(crate) fn key_of(order: OrderId, attempt: i32) -> String {
    format!("{order}-{attempt}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_our_own_attempts_are_read() {
        let order = "0193e3a0-0000-7000-8000-000000000000";
        let number = |n: &str| read_key(&format!("{order}-{n}")).map(|(_, number)| number);
        assert_eq!((number("1"), number("250")), (Some(1), Some(250)));
        for wrong in ["0", "251", "-1", "", "x"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
        assert_eq!(read_key("order-1"), None);
        let id = order.parse().unwrap();
        assert_eq!(read_key(&key_of(id, 7)), Some((id, 7)));
    }
}
