//! The databases that are audited, opened for reading, and what is read of them for several laws.

use anyhow::Context;
use chassis::settings;
use sqlx::{
    FromRow, PgPool, Postgres,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};
use std::{collections::BTreeMap, str::FromStr, time::Duration};
use time::OffsetDateTime;
use uuid::Uuid;

/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// All databases.
pub struct Books {
    /// `orders`.
    pub orders: PgPool,
    /// `inventory`.
    pub inventory: PgPool,
    /// `payments`.
    pub payments: PgPool,
    /// `shipping`.
    pub shipping: PgPool,
    /// The sandbox provider's ledger.
    pub bank: PgPool,
    /// The sandbox carrier's ledger.
    pub carrier: PgPool,
}

/// An order, as `orders` has it.
#[derive(Debug, Clone, FromRow)]
pub struct Order {
    /// Its id.
    pub order_id: Uuid,
    /// How far.
    pub state: String,
    /// Until when it may be unpaid.
    pub deadline: Option<OffsetDateTime>,
    /// The order that it stands for.
    pub alias_of: Option<Uuid>,
    /// What it costs.
    pub total: Option<i64>,
    /// So many events were heard about it.
    pub heard: i32,
}

impl Order {
    /// Confirmed, and not cancelled since.
    #[must_use]
    pub fn stands(&self) -> bool {
        matches!(self.state.as_str(), "confirmed" | "dispatched" | "completed")
    }

    /// Cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.state == "cancelled"
    }

    /// Open: neither confirmed nor cancelled yet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "placed" | "stock_reserved" | "paid")
    }
}

/// All orders, by id.
pub type Orders = BTreeMap<Uuid, Order>;

impl Books {
    /// Opens all with the admin's user; connections are made when needed.
    ///
    /// # Errors
    /// When the URL is no Postgres URL.
    pub fn open(places: &settings::Parts) -> anyhow::Result<Self> {
        let open = |name: &str| -> anyhow::Result<PgPool> {
            let options = PgConnectOptions::from_str(places.postgres_url.expose())
                .context("POSTGRES_URL")?
                .database(name)
                .application_name("starling audit")
                .options([("default_transaction_read_only", "on")]);
            Ok(PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE).connect_lazy_with(options))
        };
        Ok(Self {
            orders: open("orders")?,
            inventory: open("inventory")?,
            payments: open("payments")?,
            shipping: open("shipping")?,
            bank: open(payments::sandbox::DATABASE)?,
            carrier: open(shipping::carrier::SANDBOX_DATABASE)?,
        })
    }

    /// All orders.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn orders(&self) -> anyhow::Result<Orders> {
        let sql = "select order_id, state, deadline, alias_of, total, length(seen) / 2 as heard from customer_order";
        let rows: Vec<Order> = rows(&self.orders, sql).await?;
        Ok(rows.into_iter().map(|order| (order.order_id, order)).collect())
    }

    /// Calls to the outside that are not answered yet, by service.
    ///
    /// # Errors
    /// When a database cannot be read.
    pub async fn open_calls(&self) -> anyhow::Result<Vec<(&'static str, i64)>> {
        let sql = "select count(*) from attempt where state in ('due', 'leased')";
        let mut open = vec![];
        for (service, db) in [("payments", &self.payments), ("shipping", &self.shipping)] {
            let calls: i64 = sqlx::query_scalar(sql).fetch_one(db).await.context(sql)?;
            if calls > 0 {
                open.push((service, calls));
            }
        }
        Ok(open)
    }

    /// Dead letters that were not redriven, by service.
    ///
    /// # Errors
    /// When a database cannot be read.
    pub async fn dead_letters(&self) -> anyhow::Result<BTreeMap<&'static str, i64>> {
        let sql = "select count(*) from dead_letter where not redriven";
        let all = [
            ("orders", &self.orders),
            ("inventory", &self.inventory),
            ("payments", &self.payments),
            ("shipping", &self.shipping),
        ];
        let mut found = BTreeMap::new();
        for (service, db) in all {
            let letters: i64 = sqlx::query_scalar(sql).fetch_one(db).await.context(sql)?;
            if letters > 0 {
                found.insert(service, letters);
            }
        }
        Ok(found)
    }
}

/// All rows that a query finds.
///
/// # Errors
/// When it cannot be read, with the query.
pub async fn rows<T>(db: &PgPool, sql: &'static str) -> anyhow::Result<Vec<T>>
where
    T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    sqlx::query_as::<Postgres, T>(sql).fetch_all(db).await.with_context(|| format!("auditing: {sql}"))
}
