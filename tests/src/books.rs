//! What the provider and the carrier have in their books, which no service reads: the truth outside.

use crate::{Flock, eventually};
use sqlx::{FromRow, PgPool};

/// A charge, as the bank knows it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Charge {
    /// The idempotency key that it came under, `<order>-<attempt>`.
    pub key: String,
    /// The method.
    pub method: String,
    /// How much, in minor units.
    pub amount: i64,
    /// `captured`, `pending`, `declined` or `voided`.
    pub state: String,
    /// How much of it went back.
    pub refunded: i64,
}

/// A parcel, as the carrier knows it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Booking {
    /// The idempotency key that it came under, `<order>-<attempt>`.
    pub key: String,
    /// `booked`, `refused` or `voided`.
    pub state: String,
}

const CHARGES: &str = "
    select c.key, c.method, c.amount, c.state, coalesce(sum(r.amount), 0)::bigint as refunded
    from charge c left join refund r on r.charge_key = c.key and r.state = 'refunded'
    where c.key like $1 || '-%' group by c.key order by length(c.key), c.key";

impl Flock {
    /// An order's charges at the provider, in the order of their attempts.
    pub async fn charges(&self, order: &str) -> Vec<Charge> {
        charges(&self.database("sandbox_provider").await, order).await
    }

    /// How much the provider has taken for an order and not given back, in minor units.
    pub async fn kept(&self, order: &str) -> i64 {
        kept(&self.charges(order).await)
    }

    /// An order's bookings at the carrier.
    pub async fn bookings(&self, order: &str) -> Vec<Booking> {
        let books = self.database("sandbox_carrier").await;
        let bookings =
            sqlx::query_as("select key, state from booking where key like $1 || '-%' order by key");
        bookings.bind(order).fetch_all(&books).await.expect("the carrier's books")
    }

    /// How many parcels the carrier will fetch for an order.
    pub async fn parcels(&self, order: &str) -> usize {
        self.bookings(order).await.iter().filter(|booking| booking.state == "booked").count()
    }

    /// Waits until a cancelled order has left no trace: all money back and none awaited, no parcel at the carrier,
    /// nothing of the SKU set aside.
    pub async fn until_undone(&self, order: &str, sku: &str) {
        eventually(&format!("{order} is undone"), async || {
            let charges = self.charges(order).await;
            let awaited = charges.iter().any(|charge| charge.state == "pending");
            let reserved = self.stock(sku).await["reserved"].as_i64().unwrap_or(0);
            !awaited && kept(&charges) == 0 && self.parcels(order).await == 0 && reserved == 0
        })
        .await;
    }
}

async fn charges(books: &PgPool, order: &str) -> Vec<Charge> {
    sqlx::query_as(CHARGES).bind(order).fetch_all(books).await.expect("the provider's books")
}

fn kept(charges: &[Charge]) -> i64 {
    let captured = charges.iter().filter(|charge| charge.state == "captured");
    captured.map(|charge| charge.amount - charge.refunded).sum()
}
