//! Copies in one database.

use super::{
    plan::{Database, Step, Table, Transaction},
    schema,
};
use anyhow::Context;
use chassis::clock;
use contracts::MessageId;
use sqlx::{
    AssertSqlSafe, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{collections::BTreeMap, time::Duration};
use uuid::Uuid;

/// Tables in which every message that is heard leaves rows.
const TOLD: [&str; 2] = ["journal", "timeline"];
/// How long a transaction may wait for a connection.
const PATIENCE: Duration = Duration::from_secs(600);

/// The same as the services' own connections have: no plan may turn bad when tables grow.
/// And room to put many copies in order, without a file.
const PINNED: [(&str, &str); 5] = [
    ("jit", "off"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("work_mem", "128MB"),
];

/// When the copies seem to have come. The same for all databases, or an order would have another id in each.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    from_ms: i64,
    step_ms: f64,
}

impl Span {
    /// So many copies, spread evenly over so much time, up to now.
    pub fn up_to_now(copies: u64, within: Duration) -> anyhow::Result<Self> {
        let from_ms = clock::now().millis() - i64::try_from(within.as_millis())?;
        let step_ms = within.as_secs_f64() * 1e3 / f64::from(u32::try_from(copies.max(1))?);
        Ok(Self { from_ms, step_ms })
    }
}

/// Templates in one database, ready to be copied.
pub struct Copies {
    database: &'static Database,
    pool: PgPool,
    /// Number of the templates.
    templates: usize,
    columns: BTreeMap<&'static str, Vec<String>>,
}

impl Copies {
    /// Takes the templates' rows in the database `into` (the flock's own one, or a copy of it).
    pub async fn prepare(
        admin_url: &str,
        database: &'static Database,
        into: &str,
        templates: &[Uuid],
        span: Span,
    ) -> anyhow::Result<Self> {
        let options: PgConnectOptions = admin_url.parse()?;
        let pool = PgPoolOptions::new().max_connections(database.lanes).acquire_timeout(PATIENCE);
        let pool = pool.connect_with(options.database(into).options(PINNED)).await?;
        let (from, step) = (span.from_ms.to_string(), format!("{:.6}", span.step_ms));
        for sql in schema::FUNCTIONS {
            let sql = sql.replace("FROM_MS", &from).replace("STEP_MS", &step);
            run(&pool, sql).await?;
        }
        run(&pool, "create table bench.orders (nth bigint, order_id uuid, last_id uuid)".into()).await?;
        let last = |order: &Uuid| MessageId::about(*order, u8::MAX, u8::MAX).0;
        sqlx::query("insert into bench.orders select * from unnest($1::bigint[], $2::uuid[], $3::uuid[])")
            .bind((0..i64::try_from(templates.len())?).collect::<Vec<i64>>())
            .bind(templates)
            .bind(templates.iter().map(last).collect::<Vec<Uuid>>())
            .execute(&pool)
            .await?;
        let turns = database.transactions.iter().filter(|transaction| transaction.hears).count();
        let mut columns = BTreeMap::new();
        for Table { name, key } in database.tables {
            run(&pool, schema::take(name, *key, turns.max(1))).await?;
            let found: Vec<String> = sqlx::query_scalar(schema::COLUMNS).bind(*name).fetch_all(&pool).await?;
            columns.insert(*name, found);
        }
        Ok(Self { database, pool, templates: templates.len(), columns })
    }

    /// Writes the orders `from` to `to` (not that one itself) as the service does, transaction by transaction.
    pub async fn live(&self, from: usize, to: usize) -> anyhow::Result<()> {
        let mut turn = 0;
        for Transaction { hears, steps } in self.database.transactions {
            let mut transaction = self.pool.begin().await?;
            for step in *steps {
                self.execute(&mut transaction, self.statement(*step)?, from, to).await?;
            }
            if *hears {
                turn += 1;
                for table in self.database.tables.iter().filter(|table| TOLD.contains(&table.name)) {
                    self.execute(&mut transaction, self.insert(table.name, &[], Some(turn))?, from, to)
                        .await?;
                }
            }
            transaction.commit().await?;
        }
        Ok(())
    }

    /// Writes the rows of the orders `from` to `to` (not that one itself) as they are in the end.
    pub async fn settled(&self, from: usize, to: usize) -> anyhow::Result<()> {
        let mut db = self.pool.acquire().await?;
        for table in self.database.tables {
            self.execute(&mut db, self.insert(table.name, &[], None)?, from, to).await?;
        }
        let mut steps = self.database.transactions.iter().flat_map(|transaction| transaction.steps);
        if steps.any(|step| matches!(step, Step::Reserve)) {
            self.execute(&mut db, schema::reserve(self.templates), from, to).await?;
        }
        Ok(())
    }

    /// Removes the templates, and leaves the database as autovacuum would have left it by now.
    pub async fn finish(self) -> anyhow::Result<()> {
        run(&self.pool, "drop schema bench cascade".into()).await?;
        run(&self.pool, "vacuum (freeze, analyze)".into()).await
    }

    async fn execute(
        &self,
        db: &mut PgConnection,
        sql: String,
        from: usize,
        to: usize,
    ) -> anyhow::Result<()> {
        let query = sqlx::query(AssertSqlSafe(sql)).bind(i64::try_from(from)?).bind(i64::try_from(to)? - 1);
        let written = query.execute(db).await;
        written.map(drop).with_context(|| format!("rows in database {}", self.database.name))
    }

    fn statement(&self, step: Step) -> anyhow::Result<String> {
        Ok(match step {
            Step::Insert(table, others) => self.insert(table, others, None)?,
            Step::Change(table, set) => schema::change(table, set),
            Step::Finish(table) => schema::finish(self.table(table)?, self.templates),
            Step::Reserve => schema::reserve(self.templates),
        })
    }

    fn insert(
        &self,
        table: &'static str,
        others: &[(&str, &str)],
        turn: Option<usize>,
    ) -> anyhow::Result<String> {
        Ok(schema::insert(self.table(table)?, others, self.templates, turn))
    }

    fn table(&self, name: &'static str) -> anyhow::Result<schema::Target<'_>> {
        let table = self.database.tables.iter().find(|table| table.name == name);
        let key = table.with_context(|| format!("no table {name}"))?.key;
        Ok((name, key, self.columns.get(name).context("its columns were looked up")?))
    }
}

async fn run(pool: &PgPool, sql: String) -> anyhow::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await?;
    Ok(())
}
