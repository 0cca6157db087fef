//! The bank: decides about pending charges, changes its mind about declined ones, and tells by webhooks, often twice.

use super::{ChargeState, Ledgers};
use crate::{air::Air, letter::order_id};
use contracts::{DeclineReason, PaymentWebhook, Text};
use payments::Rules;

impl Ledgers {
    /// The bank decides about a charge, or says again what it decided.
    pub fn decide(&mut self, rules: &Rules, air: &mut Air) {
        if self.charges.is_empty() {
            return;
        }
        let which = air.random.below(self.charges.len());
        let Some((key, charge)) = self.charges.iter_mut().nth(which) else { return };
        let (order, attempt, _) = *key;
        match charge.state {
            ChargeState::Pending => {
                let (no, late) = (DeclineReason::Declined, DeclineReason::Expired);
                let ends = [ChargeState::Captured, ChargeState::Declined(no), ChargeState::Declined(late)];
                charge.state = air.random.pick(&ends);
            }
            // The customer tried again on the provider's page.
            ChargeState::Declined(_) if air.random.chance(500) => charge.state = ChargeState::Captured,
            ChargeState::Captured | ChargeState::Declined(_) => {}
            ChargeState::Voided => return,
        }
        let outcome = match charge.state {
            ChargeState::Captured => "captured",
            ChargeState::Declined(DeclineReason::Expired) => "expired",
            ChargeState::Declined(_) | ChargeState::Pending | ChargeState::Voided => "declined",
        };
        let id = order_id(order);
        let body = format!(
            r#"{{"event_id":"evt_{id}-{attempt}_{outcome}","key":"{id}-{attempt}","outcome":"{outcome}"}}"#
        );
        let signature = chassis::signature::sign(&rules.webhook_secret, air.now.millis() / 1000, &body);
        let webhook = PaymentWebhook {
            provider: Text::new("sandbox").expect("a text"),
            body,
            signature: Text::new(signature).expect("a text"),
        };
        let command = air.fresh_id();
        let letter = air.letter(command, order, &webhook, |l, m| l.to_payments(m));
        air.note(30, Some(&letter), || format!("the bank says of charge {attempt}: {outcome}"));
        air.publish_surely(&letter);
    }
}
