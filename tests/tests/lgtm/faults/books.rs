//! Money that did not go back, and what the audit says.

use super::{ends, fires};
use crate::report::Report;
use crate::watched::Watched;
use tests::{Flock, Order};
use tokio::task::block_in_place;

/// Goes through all of them.
pub async fn all(watched: &Watched, report: &mut Report) {
    fires(watched, report, "AuditNotRun", "no audit has run").await;
    a_refund_that_fails(watched, report).await;
    books_that_disagree(watched, report).await;
    ends(watched, report, "AuditNotRun", "an audit has run").await;
}

async fn a_refund_that_fails(watched: &Watched, report: &mut Report) {
    let flock = &watched.flock;
    let (customer, sku) = (flock.customer(), flock.product(10).await);
    let order = customer.place_confirmed(&Order::of(&sku, 1).paid_by("sandbox.refund_fails_once")).await;
    customer.cancel(&order).await;
    flock.until_event(&order, "payment.refund_failed").await;
    fires(watched, report, "RefundFailed", "the provider refuses a refund").await;
    flock.client(contracts::Role::Admin).refund(&order, None).await;
    flock.until_event(&order, "payment.refunded").await;
    ends(watched, report, "RefundFailed", "an hour is over").await;
}

/// The provider's ledger says that more was captured than payments knows.
async fn books_that_disagree(watched: &Watched, report: &mut Report) {
    let flock = &watched.flock;
    let (customer, sku) = (flock.customer(), flock.product(10).await);
    let order = customer.place_confirmed(&Order::of(&sku, 1)).await;
    change(flock, &order, "amount + 1").await;
    report.note(
        !audit(flock),
        "the audit finds the books that disagree",
        "one minor unit too much at the provider",
    );
    fires(watched, report, "AuditFailed", "the provider's ledger was changed").await;
    change(flock, &order, "amount - 1").await;
    report.note(audit(flock), "the audit passes", "the ledger is as it was");
    ends(watched, report, "AuditFailed", "the next audit passed").await;
}

async fn change(flock: &Flock, order: &str, amount: &str) {
    let sql = format!("update charge set amount = {amount} where key like $1 || '%'");
    let ledger = flock.database("sandbox_provider").await;
    let changed =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(order).execute(&ledger).await.expect("the ledger answers");
    assert_eq!(changed.rows_affected(), 1, "the order has one charge");
}

/// Whether all laws hold.
fn audit(flock: &Flock) -> bool {
    block_in_place(|| flock.try_starling(&["audit", "--quiet-for", "60"])).status.success()
}
