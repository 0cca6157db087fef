//! Postgres as it is on a bad day: connections that are cut, slow, or dead without a word; a disk that is full;
//! transactions that it rolls back to save others. Orders are accepted all the while, nobody gives a message up, and
//! afterwards everything is settled exactly.

use crate::{
    proxied::{KEEPERS, Proxied},
    selling::BETWEEN,
    servers::ready,
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, postgres::PgConnectOptions};
use std::time::{Duration, Instant};
use tests::{Order, eventually, eventually_within, lasting, line};
use tokio::time::sleep;
use tools::proxy::{End, Manner};

/// How long each of it lasts in the long set.
const LONG: Duration = Duration::from_secs(60);
/// From one cut to the next: a few transactions, or the time it takes to connect again.
const PAUSES_MS: [u64; 6] = [400, 50, 120, 700, 10, 250];
/// Each chunk waits up to so long…
const DELAY: Duration = Duration::from_millis(4);
/// … and arrives in pieces of up to so many bytes: no message of the protocol comes whole.
const PIECE: usize = 90;
/// What `net.ipv4.tcp_retries2` = 6 makes of a connection on which nothing is acknowledged.
const SYSTEM_GIVES_UP: Duration = Duration::from_secs(25);
/// How long the silence lasts: longer than a service waits for a new connection, and shorter than for an old one.
const SILENCE: Duration = Duration::from_secs(10);
/// So often each service must have been refused by its database.
const REFUSALS: i64 = 3;
/// Within this they were, however busy the machine: a service that is refused tries again later and later.
const REFUSED_WITHIN: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_with_bad_connections_rollbacks_and_a_full_disk_loses_nothing() {
    let world = Proxied::begin("postgres", &[]).await;
    cuts(&world).await;
    slowness(&world).await;
    deadlock(&world).await;

    // What Postgres says when transactions stand in each other's way: in the middle of one, and at its commit.
    let refusing = refuse(&world, "0.05", &["40001", "40P01", "55P03"]).await;
    refusing.until_refused(&KEEPERS, REFUSALS).await;
    world.selling.load.accepts(BETWEEN).await;
    refusing.end().await;
    world.is_confirmed_again("rollbacks").await;
    world.has_no_dead_letters().await;

    // A full disk: nothing can be written, however often it is tried.
    let refusing = refuse(&world, "1", &["53100"]).await;
    // The others soon hear of nothing new: what orders cannot write is not told.
    refusing.until_refused(&["orders"], 1).await;
    world.selling.load.accepts(BETWEEN).await;
    sleep(lasting(Duration::from_secs(2), LONG)).await;
    refusing.end().await;
    world.is_confirmed_again("a full disk").await;
    world.end_exactly().await;
}

/// Connections are cut again and again, in order and by force, and new ones are refused for a while.
async fn cuts(world: &Proxied) {
    let (began, mut cut) = (Instant::now(), 0);
    for (round, pause) in PAUSES_MS.iter().cycle().enumerate() {
        if began.elapsed() > lasting(Duration::from_secs(2), LONG) {
            break;
        }
        sleep(Duration::from_millis(*pause)).await;
        cut += world.proxies.postgres.cut(if round % 2 == 0 { End::Reset } else { End::Close });
        if round % 5 == 0 {
            world.behave(|proxies| &proxies.postgres, Manner::Refuse);
            sleep(Duration::from_millis(*pause)).await;
            world.behave(|proxies| &proxies.postgres, Manner::Pass);
        }
    }
    println!("{cut} connections were cut");
    assert!(cut > 20, "services connect again: {cut}");
    world.is_confirmed_again("cuts").await;
}

/// All that passes is late and torn to pieces; in the end it is cut.
async fn slowness(world: &Proxied) {
    world.behave(|proxies| &proxies.postgres, Manner::Slow { delay: DELAY, piece: PIECE });
    sleep(lasting(Duration::from_secs(2), LONG)).await;
    world.selling.load.accepts(BETWEEN).await;
    world.is_confirmed_again("slowness, while it lasts").await;
    world.proxies.postgres.cut(End::Reset);
    world.behave(|proxies| &proxies.postgres, Manner::Pass);
    world.is_confirmed_again("slowness").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask faults"]
async fn a_postgres_that_hangs_is_waited_for_and_then_everything_goes_on() {
    let world = Proxied::begin("postgres, hanging", &[]).await;
    world.behave(|proxies| &proxies.postgres, Manner::Hang);
    let began = Instant::now();
    world.selling.load.accepts(BETWEEN).await;
    eventually("not ready", async || ready(&world.customer).await.status == 503).await;
    let read = world.customer.get("/v1/orders/me").await;
    assert_eq!(read.status, 503, "told to come again, in time: {read:?}");
    assert!(read.headers.contains_key("retry-after"), "{read:?}");
    sleep(LONG.saturating_sub(began.elapsed())).await;
    world.behave(|proxies| &proxies.postgres, Manner::Pass);
    world.is_confirmed_again("hanging").await;
    eventually("ready again", async || ready(&world.customer).await.status == 200).await;
    world.end_exactly().await;
}

/// As when the server's host loses its power, or a firewall its memory: no connection that was in use ever answers
/// again, and the server does not learn that its clients gave up, so their transactions keep their locks. What waits for
/// an answer must notice by itself; what sends into the silence is told by its system in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask faults"]
async fn connections_to_postgres_that_are_dead_without_a_word_are_given_up() {
    let world = Proxied::begin("postgres, dead connections", &[]).await;
    for _ in 0..2 {
        world.behave(|proxies| &proxies.postgres, Manner::Lose { given_up_after: SYSTEM_GIVES_UP });
        sleep(SILENCE).await;
        world.behave(|proxies| &proxies.postgres, Manner::Pass);
        world.is_confirmed_again("dead connections").await;
        eventually("ready again", async || ready(&world.customer).await.status == 200).await;
    }
    world.end_exactly().await;
}

/// A session of an operator's that locks two SKUs' rows in the other order than inventory does, so that each waits for
/// the other; it is inventory that Postgres rolls back.
async fn deadlock(world: &Proxied) {
    let flock = &world.selling.flock;
    let mut skus = [flock.product(10).await, flock.product(10).await];
    skus.sort();
    let [first, second] = skus;
    let db = flock.database("inventory").await;
    let deadlocks = async || -> i64 {
        let sql = "select deadlocks from pg_stat_database where datname = 'inventory'";
        sqlx::query_scalar(sql).fetch_one(&db).await.expect("statistics")
    };
    let before = deadlocks().await;
    let mut session = session(&db).await;
    let mut locking = session.begin().await.expect("a transaction");
    let lock = "select on_hand from stock where sku = $1 for update";
    sqlx::query(lock).bind(&second).execute(&mut *locking).await.expect("the second's lock");
    let both = Order::of(&first, 1).with("/lines/1", line(&second, 1));
    let order = world.customer.place(&both).await;
    eventually("inventory waits for the second", async || {
        let sql = "select count(*) from pg_stat_activity
            where datname = 'inventory' and application_name = 'inventory' and wait_event_type = 'Lock'";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&db).await.expect("statistics") > 0
    })
    .await;
    sqlx::query(lock).bind(&first).execute(&mut *locking).await.expect("the first's lock");
    locking.commit().await.expect("nothing was changed");
    eventually("Postgres has met a deadlock", async || deadlocks().await > before).await;
    world.customer.until(&order, "confirmed").await;
    for sku in [first, second] {
        assert_eq!(flock.stock(&sku).await["reserved"], json!(1), "reserved once");
    }
}

/// A session that is never the one that Postgres rolls back to end a deadlock, since it does not look for any.
async fn session(db: &PgPool) -> PgConnection {
    let options: PgConnectOptions = (*db.connect_options()).clone().options([("deadlock_timeout", "1h")]);
    PgConnection::connect_with(&options).await.expect("the database answers")
}

/// Databases that refuse what services write.
struct Refusing(Vec<(&'static str, PgPool)>);

/// From now on every change of a table, and every commit, is refused with this probability, for one of these reasons.
async fn refuse(world: &Proxied, probability: &str, codes: &[&str]) -> Refusing {
    let mut databases = vec![];
    for service in KEEPERS {
        let db = world.selling.flock.database(service).await;
        let codes = codes.join(",");
        // A sequence counts, since it is not rolled back; with its owner's rights, since services have none to it.
        let sql = format!(
            "create sequence refused;
             create function refuse() returns trigger language plpgsql security definer as $body$
             declare codes text[] := string_to_array('{codes}', ',');
             begin
               if random() < {probability} then
                 perform nextval('public.refused');
                 raise exception 'refused by a test' using errcode = codes[1 + floor(random() * cardinality(codes))];
               end if;
               return null;
             end $body$;
             create constraint trigger refuse_commit after insert on journal
               deferrable initially deferred for each row
               when (hashtext(new.message_id::text) % 20 = 0) execute function refuse();
             do $body$ declare name text; begin
               for name in select relname from pg_class where relkind = 'r'
                 and relnamespace = 'public'::regnamespace and relname not like '\\_sqlx%' loop
                 execute format('create trigger refuse before insert or update or delete on %I
                   for each statement execute function refuse()', name);
               end loop;
             end $body$"
        );
        run(&db, sql).await;
        databases.push((service, db));
    }
    Refusing(databases)
}

impl Refusing {
    /// Waits until each of these services' databases has refused so often.
    async fn until_refused(&self, services: &[&str], times: i64) {
        for (service, db) in self.0.iter().filter(|(service, _)| services.contains(service)) {
            eventually_within(REFUSED_WITHIN, &format!("{service} was refused {times} times"), async || {
                refused(db).await >= times
            })
            .await;
        }
    }

    async fn end(self) {
        for (service, db) in self.0 {
            println!("{service} was refused {} times", refused(&db).await);
            run(&db, "drop function refuse() cascade; drop sequence refused".to_owned()).await;
        }
    }
}

/// How often a database has refused.
async fn refused(db: &PgPool) -> i64 {
    let sql = "select case when is_called then last_value else 0 end from refused";
    sqlx::query_scalar(sql).fetch_one(db).await.expect("a sequence")
}

/// Several statements in one transaction, in whose way no service is rolled back.
async fn run(db: &PgPool, sql: String) {
    let mut session = session(db).await;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut session).await.expect("it is done");
}
