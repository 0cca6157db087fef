//! The table `payment`.

use super::broken;
use crate::domain::{Account, Bill, Means, Payment, State, Waiting};
use chassis::{Db, Writes};
use contracts::{Amount, CustomerId, MessageId, OnDecline, OrderId, Text};
use sqlx::{PgPool, Row, postgres::PgRow};
use uuid::Uuid;

const COLUMNS: &str = "order_id, customer_id, state, currency, total, method, token, on_decline, reserved, held, \
    cancelled, captured, captured_by, counted, refunded, attempts, refunds, webhooks, waiting_command, \
    waiting_method, waiting_token";

/// The payments of these orders, locked in the order of their ids.
pub(super) async fn load(db: &mut Db, orders: &[Uuid]) -> sqlx::Result<Vec<(OrderId, Payment)>> {
    let sql = format!("select {COLUMNS} from payment where order_id = any($1) order by order_id for update");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(orders).fetch_all(db).await?;
    rows.iter().map(payment).collect()
}

pub(super) async fn view(db: &PgPool, order: OrderId) -> sqlx::Result<Option<Payment>> {
    let sql = format!("select {COLUMNS} from payment where order_id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(order.0).fetch_optional(db).await?;
    row.as_ref().map(payment).transpose().map(|found| found.map(|(_, payment)| payment))
}

/// New rows: a unique violation means that another replica was first.
pub(super) fn insert<'a>(writes: &mut Writes, accounts: impl Iterator<Item = (&'a OrderId, &'a Account)>) {
    let sql = format!("insert into payment ({COLUMNS}) select {COLUMNS} from {UNNEST}");
    Columns::of(accounts).write(writes, &sql);
}

pub(super) fn update<'a>(writes: &mut Writes, accounts: impl Iterator<Item = (&'a OrderId, &'a Account)>) {
    let sql = format!(
        "update payment p set customer_id = u.customer_id, state = u.state, currency = u.currency, \
         total = u.total, method = u.method, token = u.token, on_decline = u.on_decline, \
         reserved = u.reserved, held = u.held, cancelled = u.cancelled, captured = u.captured, \
         captured_by = u.captured_by, counted = u.counted, refunded = u.refunded, attempts = u.attempts, \
         refunds = u.refunds, webhooks = u.webhooks, waiting_command = u.waiting_command, \
         waiting_method = u.waiting_method, waiting_token = u.waiting_token \
         from {UNNEST} where p.order_id = u.order_id"
    );
    Columns::of(accounts).write(writes, &sql);
}

const UNNEST: &str = "unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::text[], \
    $7::text[], $8::text[], $9::boolean[], $10::boolean[], $11::boolean[], $12::bigint[], $13::integer[], \
    $14::bigint[], $15::bigint[], $16::integer[], $17::integer[], $18::integer[], $19::uuid[], $20::text[], \
    $21::text[]) as u(order_id, customer_id, state, currency, total, method, token, on_decline, reserved, held, \
    cancelled, captured, captured_by, counted, refunded, attempts, refunds, webhooks, waiting_command, \
    waiting_method, waiting_token)";

/// The rows, column by column, as `unnest` takes them.
#[derive(Default)]
struct Columns<'a> {
    order_id: Vec<Uuid>,
    customer_id: Vec<Option<Uuid>>,
    state: Vec<&'static str>,
    currency: Vec<Option<&'a str>>,
    total: Vec<Option<i64>>,
    method: Vec<Option<&'a str>>,
    token: Vec<Option<&'a str>>,
    on_decline: Vec<Option<&'static str>>,
    reserved: Vec<bool>,
    held: Vec<bool>,
    cancelled: Vec<bool>,
    captured: Vec<i64>,
    captured_by: Vec<Option<i32>>,
    counted: Vec<i64>,
    refunded: Vec<i64>,
    attempts: Vec<i32>,
    refunds: Vec<i32>,
    webhooks: Vec<i32>,
    waiting_command: Vec<Option<Uuid>>,
    waiting_method: Vec<Option<&'a str>>,
    waiting_token: Vec<Option<&'a str>>,
}

impl<'a> Columns<'a> {
    fn of(accounts: impl Iterator<Item = (&'a OrderId, &'a Account)>) -> Self {
        let mut columns = Self::default();
        for (order, account) in accounts {
            columns.push(*order, &account.payment);
        }
        columns
    }

    fn push(&mut self, order: OrderId, payment: &'a Payment) {
        let bill = payment.bill.as_ref();
        let means = bill.map(|bill| &bill.means);
        let waiting = payment.waiting.as_ref();
        self.order_id.push(order.0);
        self.customer_id.push(payment.customer.map(|customer| customer.0));
        self.state.push(payment.state.word());
        self.currency.push(bill.map(|bill| bill.currency.as_str()));
        self.total.push(bill.map(|bill| bill.total.minor()));
        self.method.push(means.map(|means| means.method.as_str()));
        self.token.push(means.and_then(|means| means.token.as_ref()).map(Text::as_str));
        self.on_decline.push(bill.map(|bill| on_decline_word(bill.on_decline)));
        self.reserved.push(payment.reserved);
        self.held.push(payment.held);
        self.cancelled.push(payment.cancelled);
        self.captured.push(payment.captured.minor());
        self.captured_by.push(payment.captured_by);
        self.counted.push(payment.counted.minor());
        self.refunded.push(payment.refunded.minor());
        self.attempts.push(payment.attempts);
        self.refunds.push(payment.refunds);
        self.webhooks.push(payment.webhooks);
        self.waiting_command.push(waiting.map(|waiting| waiting.command.0));
        self.waiting_method.push(waiting.map(|waiting| waiting.means.method.as_str()));
        self.waiting_token.push(waiting.and_then(|waiting| waiting.means.token.as_ref()).map(Text::as_str));
    }

    fn write(self, writes: &mut Writes, sql: &str) {
        if self.order_id.is_empty() {
            return;
        }
        writes
            .add(sql)
            .bind(self.order_id)
            .bind(self.customer_id)
            .bind(self.state)
            .bind(self.currency)
            .bind(self.total)
            .bind(self.method)
            .bind(self.token)
            .bind(self.on_decline)
            .bind(self.reserved)
            .bind(self.held)
            .bind(self.cancelled)
            .bind(self.captured)
            .bind(self.captured_by)
            .bind(self.counted)
            .bind(self.refunded)
            .bind(self.attempts)
            .bind(self.refunds)
            .bind(self.webhooks)
            .bind(self.waiting_command)
            .bind(self.waiting_method)
            .bind(self.waiting_token);
    }
}

fn payment(row: &PgRow) -> sqlx::Result<(OrderId, Payment)> {
    let state: &str = row.try_get("state")?;
    let payment = Payment {
        customer: row.try_get::<Option<Uuid>, _>("customer_id")?.map(CustomerId),
        state: State::of(state).ok_or_else(|| broken("payment state"))?,
        bill: bill(row)?,
        reserved: row.try_get("reserved")?,
        held: row.try_get("held")?,
        cancelled: row.try_get("cancelled")?,
        captured: amount(row, "captured")?,
        captured_by: row.try_get("captured_by")?,
        counted: amount(row, "counted")?,
        refunded: amount(row, "refunded")?,
        attempts: row.try_get("attempts")?,
        refunds: row.try_get("refunds")?,
        webhooks: row.try_get("webhooks")?,
        waiting: waiting(row)?,
    };
    Ok((OrderId(row.try_get("order_id")?), payment))
}

fn bill(row: &PgRow) -> sqlx::Result<Option<Bill>> {
    let Some(currency) = row.try_get::<Option<&str>, _>("currency")? else { return Ok(None) };
    let on_decline: &str = row.try_get("on_decline")?;
    Ok(Some(Bill {
        total: amount(row, "total")?,
        currency: currency.parse().map_err(|_| broken("currency"))?,
        means: Means { method: text(row, "method")?, token: optional_text(row, "token")? },
        on_decline: on_decline_of(on_decline).ok_or_else(|| broken("choice on decline"))?,
    }))
}

fn waiting(row: &PgRow) -> sqlx::Result<Option<Waiting>> {
    let Some(command) = row.try_get::<Option<Uuid>, _>("waiting_command")? else { return Ok(None) };
    let means = Means { method: text(row, "waiting_method")?, token: optional_text(row, "waiting_token")? };
    Ok(Some(Waiting { command: MessageId(command), means }))
}

/// A stored amount.
pub(super) fn amount(row: &PgRow, column: &str) -> sqlx::Result<Amount> {
    Amount::new(row.try_get(column)?).map_err(|_| broken("amount"))
}

/// A stored text.
pub(super) fn text<const MAX: usize>(row: &PgRow, column: &str) -> sqlx::Result<Text<MAX>> {
    Text::new(row.try_get::<String, _>(column)?).map_err(|_| broken("text"))
}

/// A stored text, or none.
pub(super) fn optional_text<const MAX: usize>(row: &PgRow, column: &str) -> sqlx::Result<Option<Text<MAX>>> {
    let found: Option<String> = row.try_get(column)?;
    found.map(Text::new).transpose().map_err(|_| broken("text"))
}

const fn on_decline_word(on_decline: OnDecline) -> &'static str {
    match on_decline {
        OnDecline::Cancel => "cancel",
        OnDecline::Wait => "wait",
    }
}

fn on_decline_of(word: &str) -> Option<OnDecline> {
    match word {
        "cancel" => Some(OnDecline::Cancel),
        "wait" => Some(OnDecline::Wait),
        _ => None,
    }
}
