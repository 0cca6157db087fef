//! Law 2: what was captured is what the order costs, what must go back goes back, and the bank says the same.

use super::{
    Check, Law,
    books::{Books, Order, Orders, rows},
};
use sqlx::FromRow;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// An order's money, as payments has it.
#[derive(Debug, Default, FromRow)]
struct Paid {
    order_id: Uuid,
    state: String,
    total: Option<i64>,
    /// Without surplus.
    captured: i64,
    counted: i64,
    refunded: i64,
    /// Σ of all charges that brought money.
    came_in: i64,
    /// Σ of all refunds that succeeded.
    went_back: i64,
    /// Σ refunds of the captured amount that count, that succeeded.
    own_counted: i64,
    own_refunded: i64,
    /// Charges that may still bring money.
    live_charges: i64,
    /// Refunds that are not decided, that failed.
    open_refunds: i64,
    failed_refunds: i64,
}

/// An order's money, as the bank has it.
#[derive(Debug, Default, FromRow)]
struct Banked {
    order_id: Uuid,
    came_in: i64,
    went_back: i64,
    /// Charges of which something was kept.
    kept_charges: i64,
    /// Charges of which more went back than came in.
    overdrawn: i64,
}

const PAID: &str = "select p.order_id, p.state, p.total, p.captured, p.counted, p.refunded,
    coalesce(a.came_in, 0) as came_in, coalesce(a.live, 0) as live_charges,
    coalesce(r.went_back, 0) as went_back, coalesce(r.own_counted, 0) as own_counted,
    coalesce(r.own_refunded, 0) as own_refunded, coalesce(r.open, 0) as open_refunds,
    coalesce(r.failed, 0) as failed_refunds
  from payment p
  left join (select order_id, (sum(amount) filter (where outcome = 'captured'))::bigint as came_in,
               count(*) filter (where state in ('due', 'leased') or outcome = 'pending') as live
             from attempt where purpose = 'charge' group by order_id) a using (order_id)
  left join (select r.order_id, (sum(r.amount) filter (where r.state = 'succeeded'))::bigint as went_back,
               (sum(r.amount) filter (where r.state <> 'failed' and r.of_attempt = p.captured_by))::bigint as own_counted,
               (sum(r.amount) filter (where r.state = 'succeeded' and r.of_attempt = p.captured_by))::bigint as own_refunded,
               count(*) filter (where r.state = 'open') as open,
               count(*) filter (where r.state = 'failed') as failed
             from refund r join payment p using (order_id) group by r.order_id) r using (order_id)";

/// A key is the order's id, a dash, and the attempt's number.
const BANKED: &str = "select left(key, 36)::uuid as order_id,
    coalesce(sum(amount) filter (where state = 'captured'), 0)::bigint as came_in,
    sum(back)::bigint as went_back,
    count(*) filter (where state = 'captured' and back < amount) as kept_charges,
    count(*) filter (where back > case state when 'captured' then amount else 0 end) as overdrawn
  from (select c.key, c.amount, c.state, coalesce((select sum(r.amount) from refund r
          where r.charge_key = c.key and r.state = 'refunded'), 0) as back from charge c) charges
  group by left(key, 36)";

/// The checks.
pub async fn checks(books: &Books, orders: &Orders) -> anyhow::Result<Vec<Check>> {
    let paid: Vec<Paid> = rows(&books.payments, PAID).await?;
    let banked: Vec<Banked> = rows(&books.bank, BANKED).await?;
    let banked: BTreeMap<Uuid, Banked> = banked.into_iter().map(|banked| (banked.order_id, banked)).collect();
    let mut all = [
        Check::new(Law::Money, "an order that stands was charged what it costs, once"),
        Check::new(Law::Money, "what came in for a cancelled order went back, and surplus too"),
        Check::new(Law::Money, "refunds add up, and are within what was captured"),
        Check::new(Law::Money, "the provider's ledger says the same, and kept no two charges of an order"),
    ];
    for check in &mut all {
        check.looked_at = paid.len();
    }
    let [stands, cancelled, refunds, bank] = &mut all;
    let mut seen = BTreeSet::new();
    for paid in &paid {
        seen.insert(paid.order_id);
        match orders.get(&paid.order_id) {
            Some(order) if order.stands() => of_standing(stands, order, paid),
            Some(order) if order.is_cancelled() => of_cancelled(cancelled, paid),
            Some(order) if order.is_open() => {}
            other => of_nothing(cancelled, other, paid),
        }
        own_books(refunds, paid);
        with_bank(bank, paid, banked.get(&paid.order_id));
    }
    for (id, order) in orders {
        if order.stands() && !seen.contains(id) {
            stands.offends(id, format!("{}, and payments knows nothing of it", order.state));
        }
    }
    for (id, banked) in &banked {
        if !seen.contains(id) {
            bank.offends(
                id,
                format!("the bank charged {}, and payments knows nothing of it", banked.came_in),
            );
        }
    }
    Ok(all.into())
}

fn of_standing(check: &mut Check, order: &Order, paid: &Paid) {
    if order.total != paid.total || order.total != Some(paid.captured) {
        let (total, billed, captured) = (order.total, paid.total, paid.captured);
        check.offends(order.order_id, format!("costs {total:?}, billed {billed:?}, captured {captured}"));
    }
    if paid.live_charges > 0 {
        check.offends(order.order_id, "paid, and another charge may still bring money");
    }
    let surplus = paid.came_in - paid.captured - (paid.went_back - paid.own_refunded);
    surplus_went_back(check, paid, surplus);
}

fn of_cancelled(check: &mut Check, paid: &Paid) {
    if paid.live_charges > 0 {
        check.offends(paid.order_id, "cancelled, and a charge may still bring money");
    }
    surplus_went_back(check, paid, paid.came_in - paid.went_back);
}

/// An order that `orders` never opened.
fn of_nothing(check: &mut Check, order: Option<&Order>, paid: &Paid) {
    if paid.came_in != paid.went_back {
        let state = order.map_or("unknown to orders", |order| order.state.as_str());
        check.offends(paid.order_id, format!("{state}, and {} was kept", paid.came_in - paid.went_back));
    }
}

/// Money that must not be kept: gone back, or a refund failed, which a person has to see to.
fn surplus_went_back(check: &mut Check, paid: &Paid, kept: i64) {
    if kept == 0 {
        return;
    }
    if kept > 0 && paid.failed_refunds > 0 {
        check.note(paid.order_id, format!("{kept} must go back: {} refunds failed", paid.failed_refunds));
    } else if kept > 0 && paid.open_refunds > 0 {
        check.note(paid.order_id, format!("{kept} must go back: the provider knows nothing of a refund"));
    } else {
        check.offends(paid.order_id, format!("{kept} was kept that must go back (payment {})", paid.state));
    }
}

fn own_books(check: &mut Check, paid: &Paid) {
    let right = paid.own_counted == paid.counted
        && paid.own_refunded == paid.refunded
        && paid.refunded <= paid.counted
        && paid.counted <= paid.captured
        && paid.went_back <= paid.came_in;
    if !right {
        let Paid { captured, counted, refunded, own_counted, own_refunded, came_in, went_back, .. } = paid;
        check.offends(
            paid.order_id,
            format!(
                "captured {captured}, counted {counted} (refunds {own_counted}), refunded {refunded} (refunds \
                 {own_refunded}); in all {came_in} in, {went_back} back"
            ),
        );
    }
}

fn with_bank(check: &mut Check, paid: &Paid, banked: Option<&Banked>) {
    let none = Banked::default();
    let banked = banked.unwrap_or(&none);
    if (paid.came_in, paid.went_back) != (banked.came_in, banked.went_back) {
        let Banked { came_in, went_back, .. } = banked;
        check.offends(
            paid.order_id,
            format!(
                "payments: {} in, {} back; the bank: {came_in} in, {went_back} back",
                paid.came_in, paid.went_back
            ),
        );
    }
    if banked.overdrawn > 0 {
        check.offends(paid.order_id, "more went back than came in");
    }
    // Two are kept only where the refund of the second failed.
    if banked.kept_charges > 1 {
        if paid.failed_refunds > 0 {
            check.note(paid.order_id, "two charges are kept: a refund failed");
        } else {
            check.offends(paid.order_id, "two charges are kept");
        }
    }
}
