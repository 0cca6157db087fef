//! The calls to the provider: attempts that are due are leased, made, and answered by an event of our own.

use crate::domain::{Attempt, MOST_ATTEMPTS, Means, key_of};
use crate::provider::{Charge, Giveback, Provider, Reply};
use crate::store::{self, broken};
use chassis::{CallFailed, CallLimits, Db, Outgoing, Outside};
use contracts::{
    Amount, Currency, DeclineReason, Message, MessageId, OrderId, PaymentAnswered, PaymentPurpose,
    ProviderAnswer, Text,
};
use sqlx::{Row, postgres::PgRow};
use std::time::Duration;
use uuid::Uuid;

/// The service's way to its provider.
pub struct Calls<P> {
    provider: P,
    limits: CallLimits,
}

impl<P: Provider> Calls<P> {
    /// Calls this provider, within these limits.
    pub const fn new(provider: P, limits: CallLimits) -> Self {
        Self { provider, limits }
    }
}

/// An attempt that is ours to make until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    order: OrderId,
    number: i32,
    purpose: PaymentPurpose,
    means: Means,
    amount: Amount,
    currency: Currency,
    of: Option<i32>,
    calls: i32,
    /// First sent longer ago than the provider remembers its key.
    stale: bool,
}

impl Leased {
    /// An attempt that was leased as it was recorded.
    pub(crate) fn recorded(order: OrderId, number: i32, attempt: &Attempt) -> Self {
        Self {
            order,
            number,
            purpose: attempt.purpose,
            means: attempt.means.clone(),
            amount: attempt.amount,
            currency: attempt.currency,
            of: attempt.of,
            calls: 1,
            stale: false,
        }
    }
}

impl<P: Provider> Outside for Calls<P> {
    type Attempt = Leased;

    const NAME: &'static str = "payment_provider";

    fn limits(&self) -> CallLimits {
        self.limits
    }

    fn about(&self, attempt: &Leased) -> Uuid {
        attempt.order.0
    }

    async fn lease(&self, db: &mut Db, limit: i64, lease: Duration) -> sqlx::Result<Vec<Leased>> {
        // A lease that has run out is due again: whoever had it is gone, and the same key is safe.
        const SQL: &str = "update attempt a \
            set state = 'leased', calls = a.calls + 1, first_sent_at = coalesce(a.first_sent_at, now()), \
                next_try_at = now() + $2::bigint * interval '1 millisecond' \
            from (select order_id, number from attempt \
                  where state in ('due', 'leased') and next_try_at <= now() \
                  order by next_try_at limit $1 for update skip locked) due \
            where a.order_id = due.order_id and a.number = due.number \
            returning a.order_id, a.number, a.purpose, a.method, a.token, a.amount, a.currency, a.of_attempt, \
                a.calls, a.first_sent_at <= now() - $3::bigint * interval '1 millisecond' as stale";
        let query = sqlx::query(SQL).bind(limit).bind(millis(lease)).bind(millis(self.provider.key_life()));
        query.fetch_all(db).await?.iter().map(leased).collect()
    }

    async fn call(&self, attempt: &Leased) -> Result<Outgoing, CallFailed> {
        let Reply { answer, provider_ref } = self.ask(attempt).await?;
        let (order_id, number) = (attempt.order, attempt.number);
        // Who asks about what is under way may well be early; but what was sent must be known.
        if answer == ProviderAnswer::NotFound && attempt.purpose != PaymentPurpose::LookUp {
            tracing::error!(%order_id, attempt = number, purpose = ?attempt.purpose, provider = self.provider.name(),
                "the provider knows nothing of what was sent to it: an operator has to see to it");
        }
        let count = u8::try_from(number).ok().filter(|_| number <= MOST_ATTEMPTS);
        let count =
            count.ok_or_else(|| CallFailed(format!("attempt {number} of {order_id} has no message id")))?;
        let id = MessageId::about(order_id.0, PaymentAnswered::INFO.code, count);
        let answered = PaymentAnswered {
            order_id,
            attempt: number,
            purpose: attempt.purpose,
            method: attempt.means.method.clone(),
            amount: attempt.amount,
            currency: attempt.currency,
            provider_ref,
            answer,
        };
        Outgoing::new(id, order_id, &answered).map_err(|error| CallFailed(error.to_string()))
    }

    async fn postpone(&self, db: &mut Db, attempts: &[(&Leased, Duration)]) -> sqlx::Result<()> {
        // What was answered meanwhile stays so. Locked in the order of keys, as the service itself does.
        const SQL: &str = "with mine as (select a.order_id, a.number, u.wait_ms \
                from unnest($1::uuid[], $2::integer[], $3::bigint[]) as u(order_id, number, wait_ms) \
                join attempt a on a.order_id = u.order_id and a.number = u.number \
                where a.state = 'leased' order by a.order_id, a.number for update of a) \
            update attempt a set state = 'due', next_try_at = now() + mine.wait_ms * interval '1 millisecond' \
            from mine where a.order_id = mine.order_id and a.number = mine.number";
        let query = sqlx::query(SQL)
            .bind(Vec::from_iter(attempts.iter().map(|(attempt, _)| attempt.order.0)))
            .bind(Vec::from_iter(attempts.iter().map(|(attempt, _)| attempt.number)))
            .bind(Vec::from_iter(attempts.iter().map(|(_, wait)| millis(*wait))));
        query.execute(db).await.map(drop)
    }
}

impl<P: Provider> Calls<P> {
    /// Makes the call that the attempt stands for.
    async fn ask(&self, attempt: &Leased) -> Result<Reply, CallFailed> {
        let key = key_of(attempt.order, attempt.number);
        let of = attempt.of.map(|of| key_of(attempt.order, of));
        let of = || of.clone().ok_or_else(|| CallFailed("an attempt about nothing".to_owned()));
        match attempt.purpose {
            PaymentPurpose::Charge if !self.provider.has(attempt.means.method.as_str()) => {
                let answer = ProviderAnswer::Declined { why: DeclineReason::UnknownMethod };
                Ok(Reply { answer, provider_ref: None })
            }
            PaymentPurpose::Charge | PaymentPurpose::Refund if attempt.stale => {
                self.provider.look_up(&key).await
            }
            PaymentPurpose::Charge => {
                let charge = Charge {
                    key,
                    method: attempt.means.method.clone(),
                    token: attempt.means.token.clone(),
                    amount: attempt.amount,
                    currency: attempt.currency,
                    calls: attempt.calls,
                };
                self.provider.charge(&charge).await
            }
            // Calling off twice is calling off: no need for a key, or for its life.
            PaymentPurpose::Void => self.provider.void(&of()?).await,
            PaymentPurpose::Refund => {
                let refund = Giveback { key, charge_key: of()?, amount: attempt.amount };
                self.provider.refund(&refund).await
            }
            PaymentPurpose::LookUp => self.provider.look_up(&of()?).await,
        }
    }
}

fn leased(row: &PgRow) -> sqlx::Result<Leased> {
    let (method, token): (String, Option<String>) = (row.try_get("method")?, row.try_get("token")?);
    let currency: &str = row.try_get("currency")?;
    Ok(Leased {
        order: OrderId(row.try_get::<Uuid, _>("order_id")?),
        number: row.try_get("number")?,
        purpose: store::purpose(row)?,
        means: Means {
            method: Text::new(method).map_err(|_| broken("method"))?,
            token: token.map(Text::new).transpose().map_err(|_| broken("token"))?,
        },
        amount: Amount::new(row.try_get("amount")?).map_err(|_| broken("amount"))?,
        currency: currency.parse().map_err(|_| broken("currency"))?,
        of: row.try_get("of_attempt")?,
        calls: row.try_get("calls")?,
        stale: row.try_get("stale")?,
    })
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
