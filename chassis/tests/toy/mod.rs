//! A toy service on real servers: it adds up what `cmd.stock.adjust` says and tells the sum.

use chassis::{
    AfterCommit, Db, Decision, Health, Heard, Lease, Outgoing, Participant, Rows, Secret, Service, Tasks,
    Why, Writes, connect,
    permissions::{Permissions, auth_block},
    provision, settings,
};
use contracts::{AdjustStock, MessageId, Sku, StockLevelChanged, Text};
use sqlx::{PgPool, Row, migrate::Migrator};
use std::{borrow::Cow, convert::Infallible, path::PathBuf, sync::Arc, time::Duration};
use tools::{Server, scratch::Scratch};
use uuid::Uuid;

contracts::message_enum! {
    /// What the toy hears.
    pub enum Hears { Adjust(AdjustStock) }
}
contracts::message_enum! {
    /// What the toy tells.
    pub enum Tells { Level(StockLevelChanged) }
}

/// The sums by SKU.
#[derive(Default)]
pub struct Sums(Rows<String, i64>);

impl Participant for Sums {
    type Hears = Hears;
    type Tells = Tells;
    type Attempt = Infallible;
    type Rules = ();

    async fn load((): &(), db: &mut Db, heard: &[Heard<Hears>]) -> sqlx::Result<Self> {
        let skus: Vec<String> =
            heard.iter().map(|Heard { message: Hears::Adjust(adjust), .. }| adjust.sku.to_string()).collect();
        let rows = sqlx::query("select sku, total from total where sku = any($1) order by sku for update")
            .bind(skus)
            .fetch_all(db)
            .await?;
        Ok(Self(rows.iter().map(|row| (row.get("sku"), row.get("total"))).collect()))
    }

    fn decide(&mut self, heard: &Heard<Hears>) -> Decision<Tells> {
        let Hears::Adjust(adjust) = &heard.message;
        match adjust.reason.as_str() {
            "panic" => panic!("the toy panics"),
            "impossible" => return Decision::Ignore(Why::Impossible("the toy was told so".into())),
            _ => {}
        }
        let sum = self.0.get(&adjust.sku.to_string()).copied().unwrap_or(0) + adjust.delta;
        self.0.put(adjust.sku.to_string(), sum);
        let level = StockLevelChanged {
            sku: adjust.sku.clone(),
            on_hand: sum,
            reserved: 0,
            version: sum,
            reference: adjust.reference.clone(),
        };
        Decision::tell(heard.id, level)
    }

    fn save(self, _: Lease, writes: &mut Writes) -> sqlx::Result<AfterCommit<Infallible>> {
        let (keys, sums): (Vec<String>, Vec<i64>) =
            self.0.fresh().map(|(key, sum)| (key.clone(), *sum)).unzip();
        writes
            .add("insert into total (sku, total) select * from unnest($1::text[], $2::int8[])")
            .bind(keys)
            .bind(sums);
        let (keys, sums): (Vec<String>, Vec<i64>) =
            self.0.changed().map(|(key, sum)| (key.clone(), *sum)).unzip();
        writes
            .add("update total t set total = u.total from unnest($1::text[], $2::int8[]) u(sku, total) where t.sku = u.sku")
            .bind(keys)
            .bind(sums);
        Ok(AfterCommit::default())
    }
}

fn migrations() -> &'static Migrator {
    let sql = "create table total (sku text primary key, total bigint not null constraint total_is_sane check (total < 1000000))";
    let migration = sqlx::migrate::Migration::new(
        1,
        "toy".into(),
        sqlx::migrate::MigrationType::Simple,
        sqlx::AssertSqlSafe(sql.to_owned()).into_sql_str(),
        false,
    );
    Box::leak(Box::new(Migrator {
        migrations: Cow::Owned(vec![migration]),
        ..Migrator::with_migrations(vec![])
    }))
}
use sqlx::SqlSafeStr as _;

/// The toy with its servers.
pub struct Toy {
    pub name: &'static str,
    pub nats: Arc<Server>,
    pub postgres: Arc<Server>,
    pub places: settings::Parts,
    pub tester: connect::Nats,
    pub db: PgPool,
    _scratch: Scratch,
}

/// A running replica of the toy.
pub struct Replica {
    tasks: Tasks,
    running: tokio::task::JoinHandle<()>,
}

impl Replica {
    /// Told to stop, and waited for.
    pub async fn stop(self) {
        self.tasks.stop().cancel();
        self.running.await.unwrap();
    }
}

impl Toy {
    /// Servers up, streams, consumers, users and tables made; the service not running yet.
    pub async fn new() -> Self {
        let name: &'static str =
            Box::leak(format!("toy_{}", &Uuid::new_v4().simple().to_string()[..8]).into_boxed_str());
        let secret = Secret::from("for tests only".to_owned());
        let service = service(name);
        let mut tester = Permissions::of("tester", vec![">".into()]);
        tester.subscribe = vec![">".into()];
        let users = [Permissions::of_service(service.wiring()), Permissions::of_provisioner(), tester];
        let auth = auth_block(&users, &secret);
        let scratch = Scratch::new("toy").unwrap();
        let dir: PathBuf = scratch.path().into();
        let start = move || {
            let nats = tools::nats::start(&dir.join("nats"), None, &auth).unwrap();
            let postgres =
                tools::postgres::start(&dir.join("postgres"), None, tools::postgres::Purpose::Tests).unwrap();
            (nats, postgres)
        };
        let (nats, postgres) = tokio::task::spawn_blocking(start).await.unwrap();
        let places = settings::Parts {
            nats_url: nats.url().into(),
            postgres_url: postgres.url().to_owned().into(),
            redis_url: String::new().into(),
            mongodb_url: String::new().into(),
            secret,
            password: None,
        };
        provision::streams(&places, &[service.wiring()], 1).await.unwrap();
        provision::database(&places, name, service.migrations().unwrap(), true).await.unwrap();
        let tester = connect::nats(&places, "tester").await.unwrap();
        let db = connect::database(&places, name, 2).unwrap();
        Self {
            name,
            nats: Arc::new(nats),
            postgres: Arc::new(postgres),
            places,
            tester,
            db,
            _scratch: scratch,
        }
    }

    /// Starts a replica.
    #[expect(clippy::disallowed_methods, reason = "a test's task")]
    pub async fn start(&self) -> Replica {
        let tasks = Tasks::default();
        let health = Health::default();
        let runtime = settings::Runtime {
            batch_messages: 256,
            linger_ms: 2,
            db_connections: 4,
            requests_at_once: 8,
            shutdown_s: 5,
        };
        let (places, t, h, service) =
            (self.places.clone(), tasks.clone(), health.clone(), service(self.name));
        let running =
            tokio::spawn(async move { service.run(&places, Arc::new(runtime), h, t).await.unwrap() });
        eventually("ready", async || health.report().0).await;
        Replica { tasks, running }
    }

    /// Publishes adjustments as one pipelined burst.
    pub async fn adjust(
        &self,
        adjustments: impl IntoIterator<Item = (&'static str, i64, &'static str)>,
    ) -> Vec<MessageId> {
        let mut out = vec![];
        for (sku, delta, reason) in adjustments {
            let id = MessageId(Uuid::now_v7());
            let adjust = AdjustStock {
                reference: Text::new(id.to_string()).unwrap(),
                sku: Sku::new(sku).unwrap(),
                delta,
                reason: Text::new(reason).unwrap(),
            };
            out.push(Outgoing::new(id, id.0, &adjust).unwrap());
        }
        let ids = out.iter().map(|out| out.id).collect();
        let tasks = Tasks::default();
        chassis::Publisher::start(self.tester.clone(), &tasks).publish(out).await.unwrap();
        ids
    }

    /// The sum of a SKU.
    pub async fn sum(&self, sku: &str) -> i64 {
        let row =
            sqlx::query("select total from total where sku = $1").bind(sku).fetch_optional(&self.db).await;
        row.unwrap().map_or(0, |row| row.get(0))
    }

    /// Rows that a query counts.
    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query(sql).fetch_one(&self.db).await.unwrap().get(0)
    }

    /// How often the service was sent a message of a stream.
    pub async fn deliveries(&self, stream: &str) -> u64 {
        let jetstream = async_nats::jetstream::new(self.tester.client.clone());
        let consumer: async_nats::jetstream::consumer::PullConsumer =
            jetstream.get_consumer_from_stream(self.name, stream).await.unwrap();
        consumer.cached_info().delivered.consumer_sequence
    }

    /// Messages in a stream.
    pub async fn messages(&self, stream: &str) -> u64 {
        let mut stream =
            async_nats::jetstream::new(self.tester.client.clone()).get_stream(stream).await.unwrap();
        stream.info().await.unwrap().state.messages
    }
}

/// The toy as a service.
pub fn service(name: &'static str) -> Service {
    Service::new(name).keeps(migrations()).participant::<Sums>(())
}

/// Waits until something is so; fails after half a minute.
pub async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    for _ in 0..600 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not so after 30 s: {what}");
}
