//! The law of the money, by the provider's ledger.

use crate::{
    broken::{Broken, must},
    letter::{number_of, order_id},
    outside::ChargeState,
    world::World,
};
use contracts::OrderId;
use payments::domain::State;

/// For an order that stands, captured without surplus is its total and all else went back; for a cancelled one all
/// went back, or an open failure says that it did not. The provider's ledger says the same.
///
/// # Errors
/// When it is not so.
pub(super) fn agrees(world: &World, order: OrderId, stands: bool, total: i64) -> Result<(), Broken> {
    let number = number_of(order.0);
    let charges = || world.ledgers.charges.iter().filter(|((of, ..), _)| *of == number);
    let captured: i64 =
        charges().filter(|(_, c)| c.state == ChargeState::Captured).map(|(_, c)| c.amount).sum();
    let refunds = world.ledgers.refunds.iter().filter(|((of, ..), _)| *of == number);
    let refunded: i64 = refunds.filter(|(_, (.., good))| *good).map(|(_, (_, amount, _))| amount).sum();
    let account = world.payments.tables.accounts.get(&order);
    let found = || {
        let believed = account.map(|account| &account.payment);
        format!("the provider has {captured} and gave {refunded} back; payments believes {believed:?}")
    };
    must(refunded <= captured, order, "no more goes back than came in", found)?;
    let pending = charges().any(|(_, c)| c.state == ChargeState::Pending);
    must(!pending, order, "no charge is pending at rest", found)?;
    let Some(account) = account else {
        return must(captured == 0, order, "payments knows of all money", found);
    };
    let open = account.attempts.iter().any(|(_, attempt)| attempt.is_open());
    must(!open, order, "no attempt is open at rest", found)?;
    let payment = &account.payment;
    if stands {
        must(payment.captured.minor() == total, order, "an order that stands is paid", found)?;
        let kept = total - payment.refunded.minor();
        must(captured - refunded == kept || account.owes_back(), order, "the ledger says the same", found)
    } else {
        let back = captured == refunded || account.owes_back();
        must(back, order, "a cancelled order's money goes back", found)?;
        let ended = match payment.state {
            State::Voided | State::Refunded => true,
            State::Refunding => account.owes_back(),
            State::Owes
            | State::Ready
            | State::Charging
            | State::Pending
            | State::Captured
            | State::Declined => false,
        };
        must(ended, order_id(number), "a cancelled order's account is closed", found)
    }
}
