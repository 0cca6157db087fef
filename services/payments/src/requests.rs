//! What payments answers when it is asked.

use crate::{domain::Payment, store};
use chassis::{Ctx, Fault};
use contracts::{GetPayment, PaymentView, Refusal};

/// Shows an order's payment.
pub async fn get_payment(ctx: Ctx, ask: GetPayment) -> Result<PaymentView, Fault> {
    let payment = store::view(&ctx.db, ask.order_id).await?;
    Ok(show(payment, &ask)?)
}

/// To its customer, or to who may see all; to others as if it did not exist. So too while it is not known what the
/// order costs.
fn show(payment: Option<Payment>, ask: &GetPayment) -> Result<PaymentView, Refusal> {
    let visible = |payment: &Payment| ask.by.role.sees_all() || payment.customer == Some(ask.by.id);
    let known = payment.filter(visible).and_then(|payment| Some((payment.bill.clone()?, payment)));
    let (bill, payment) = known.ok_or_else(|| Refusal::NotFound { what: "payment".into() })?;
    Ok(PaymentView {
        order_id: ask.order_id,
        state: payment.state.word().to_owned(),
        currency: bill.currency,
        total: bill.total,
        captured: payment.captured,
        refunded: payment.refunded,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Account, Bill, Means};
    use contracts::{Amount, Caller, CustomerId, OnDecline, OrderId, Role, Text};
    use uuid::Uuid;

    #[test]
    fn only_its_customer_and_who_may_see_all_are_shown_a_payment() {
        let order_id = OrderId::from_v7(Uuid::now_v7());
        let (owner, stranger) = (CustomerId(Uuid::now_v7()), CustomerId(Uuid::now_v7()));
        let ask = |id, role| GetPayment { order_id, by: Caller { id, role } };
        let early = Account::new(order_id).payment;
        let means = Means { method: Text::new("m").unwrap(), token: None };
        let (total, currency) = (Amount::new(5).unwrap(), "GBP".parse().unwrap());
        let bill = Bill { total, currency, means, on_decline: OnDecline::Cancel };
        let known = Payment { customer: Some(owner), bill: Some(bill), ..early.clone() };
        for (payment, ask, shown) in [
            (Some(&known), ask(owner, Role::Customer), true),
            (Some(&known), ask(stranger, Role::Customer), false),
            (Some(&known), ask(stranger, Role::Support), true),
            (Some(&early), ask(stranger, Role::Admin), false),
            (None, ask(owner, Role::Admin), false),
        ] {
            assert_eq!(show(payment.cloned(), &ask).is_ok(), shown, "{ask:?}");
        }
    }
}
