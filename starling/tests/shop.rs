//! A small dirty file through the whole flock on real servers: imported, replayed, replayed again, audited; and the
//! audit on books that were tampered with.

#![expect(clippy::unwrap_used, reason = "a test fails where it meets the unexpected")]

use serde_json::Value;
use std::{
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Command, Output},
    time::{Duration, Instant},
};
use tools::{Process, Servers, scratch::Scratch};

const FILE: &str = "\
InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID,Country
1001,85123A,WHITE HEART,6,2.55,17850,United Kingdom
1001,85123a,WHITE HEART,2,2.55,17850,United Kingdom
1001,POST,POSTAGE,1,18,17850,United Kingdom
1002,85123A,WHITE HEART,4,2.95,12583,France
1003,22086,PAPER CHAIN,10,2.1,,EIRE
1004,22086,,-5,0,,United Kingdom
1005,22086,PAPER CHAIN,7,2.10,17850,Japan
C1006,85123A,WHITE HEART,-8,2.55,17850,United Kingdom
C1007,22086,PAPER CHAIN,-1,2.10,99999,United Kingdom
";

/// A flock of the test's own. What is declared last is dropped first.
struct Shop {
    process: Option<Process>,
    servers: Servers,
    gateway: String,
    scratch: Scratch,
}

const SECRET: &str = "the secret of a test";

impl Shop {
    fn open(name: &str) -> Self {
        let scratch = Scratch::new(name).unwrap();
        let auth = Command::new(BINARY).arg("nats-auth").env("STARLING_SECRET", SECRET).output().unwrap();
        let everyone = "users = [\n    { user: \"tester\", password: \"tester\" }";
        let auth = String::from_utf8(auth.stdout).unwrap().replacen("users = [", everyone, 1);
        let servers = Servers::start(scratch.path(), &auth).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut shop = Self { process: None, servers, gateway: format!("127.0.0.1:{port}"), scratch };
        shop.good(&["provision"]);
        // A second time there is nothing to do, and no harm in it.
        shop.good(&["provision"]);
        shop.process = Some(tools::program(&shop.command(&["run"]), "flock", shop.scratch.path()).unwrap());
        let began = Instant::now();
        while !shop.is_ready() {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "{}",
                shop.process.as_ref().unwrap().log_tail()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        shop
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(arguments)
            .env("STARLING_SECRET", SECRET)
            .env("NATS_URL", self.servers.nats.url())
            .env("POSTGRES_URL", self.servers.postgres.url())
            .env("REDIS_URL", self.servers.redis.url())
            .env("MONGODB_URL", self.servers.mongo.url())
            .env("GATEWAY_LISTEN", &self.gateway);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    #[track_caller]
    fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (said, wrong) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "starling {arguments:?}: {}\n{said}\n{wrong}", output.status);
        said
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.good(arguments)).unwrap()
    }

    /// What `starling audit` says of broken laws: (name of the check, offender).
    #[track_caller]
    fn offences(&self) -> Vec<(String, String)> {
        let output = self.run(&["audit", "--json"]);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
        let mut offences = vec![];
        for check in report["checks"].as_array().unwrap() {
            for offender in check["offenders"].as_array().unwrap() {
                let word = |value: &Value| value.as_str().unwrap().to_owned();
                offences.push((word(&check["name"]), word(&offender[0])));
            }
        }
        assert_eq!(output.status.code(), Some(i32::from(!offences.is_empty())));
        offences
    }

    fn is_ready(&self) -> bool {
        use std::io::{Read, Write};
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(&self.gateway)?;
            stream.set_read_timeout(Some(Duration::from_secs(2)))?;
            stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }

    fn file(&self, content: &str) -> String {
        let path: PathBuf = self.scratch.path().join("invoices.csv");
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Runs SQL as the admin; for tampering.
    fn sql(&self, database: &str, sql: &'static str) {
        let options: sqlx::postgres::PgConnectOptions = self.servers.postgres.url().parse().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let pool = sqlx::PgPool::connect_with(options.database(database)).await.unwrap();
            sqlx::raw_sql(sql).execute(&pool).await.unwrap();
        });
    }
}

const BINARY: &str = env!("CARGO_BIN_EXE_starling");

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_dirty_file_is_imported_and_replayed_once_however_often_and_the_audit_passes() {
    let shop = Shop::open("shop");
    let file = shop.file(FILE);

    let imported = shop.json(&["import", &file, "--json"]);
    assert_eq!(imported["products"], 3);
    assert_eq!(imported["pieces"], 29);
    assert_eq!(imported["dropped_rows"]["not goods"], 1);
    assert_eq!(shop.json(&["import", &file, "--json"]), imported, "the same again");

    let first = shop.json(&["replay", &file, "--json"]);
    assert_eq!(first["orders"], 4);
    assert_eq!(first["already_there"], 0);
    assert_eq!(first["confirmed"], 3);
    assert_eq!(first["cancelled"]["by_customer"], 1, "C1006 takes 1001 back");
    assert_eq!(first["units"], 21);
    assert_eq!(first["revenue"]["GBP"], 4 * 295 + 17 * 210);
    assert_eq!(first["untraced_returns"]["nothing bought before"], 1);
    assert_eq!(first["most_sold"]["pieces"], 17);
    assert_eq!(shop.offences(), []);

    // So that ids of the second replay could not be taken for ids of the first.
    std::thread::sleep(Duration::from_secs(1));
    let second = shop.json(&["replay", &file, "--json"]);
    assert_eq!(second["already_there"], 4);
    for same in ["orders", "confirmed", "cancelled", "units", "revenue"] {
        assert_eq!(second[same], first[same], "{same}");
    }
    assert_eq!(shop.offences(), []);

    // All is sold: another four orders find 8 of 29 pieces on the shelf, those that 1001 gave back.
    let third = shop.json(&["replay", &file, "--json", "--salt", "again"]);
    assert_eq!(third["already_there"], 0);
    assert_eq!(third["cancelled"]["out_of_stock"], 3);
    assert_eq!(third["cancelled"]["by_customer"], 1);
    assert_eq!(shop.offences(), []);

    // More than there is may never be sold; and a replay that finds it was fails.
    assert!(!shop.run(&["replay", &file, "--stock", "16"]).status.success());
    shop.process.as_ref().unwrap().terminate().map(|status| assert!(status.success(), "{status}")).unwrap();
}

#[test]
fn the_audit_finds_whatever_is_tampered_with() {
    let shop = Shop::open("audit");
    let file = shop.file(FILE);
    shop.good(&["import", &file]);
    shop.good(&["replay", &file]);
    assert_eq!(shop.offences(), []);

    let found = |database, tamper, mend, name: &str| {
        shop.sql(database, tamper);
        let offences = shop.offences();
        shop.sql(database, mend);
        assert!(offences.iter().any(|(check, _)| check.contains(name)), "{tamper}: {offences:?}");
    };
    found(
        "inventory",
        "update stock set on_hand = on_hand + 1",
        "update stock set on_hand = on_hand - 1",
        "movements of a SKU",
    );
    found(
        "inventory",
        "update stock set reserved = reserved - 1, version = -version where reserved > 0",
        "update stock set reserved = reserved + 1, version = -version where version < 0",
        "live reservations",
    );
    found(
        "inventory",
        "update stock_order set state = 'committed' where state = 'reserved'",
        "update stock_order set state = 'reserved' where state = 'committed'",
        "hold their stock",
    );
    found(
        "payments",
        "update payment set captured = captured - 1 where refunded = 0",
        "update payment set captured = captured + 1 where refunded = 0",
        "charged what it costs",
    );
    found(
        "payments",
        "update refund set state = 'open' where state = 'succeeded'",
        "update refund set state = 'succeeded' where state = 'open'",
        "refunds add up",
    );
    found(
        "payments",
        "create table hidden as table refund; delete from refund",
        "insert into refund table hidden; drop table hidden",
        "went back",
    );
    found(
        "sandbox_provider",
        "update charge set state = 'voided'",
        "update charge set state = 'captured'",
        "provider's ledger",
    );
    found(
        "sandbox_provider",
        "insert into charge (key, method, amount, currency, state) select left(key, 36) || '-99', method, amount, \
         currency, state from charge",
        "delete from charge where key like '%-99'",
        "no two charges",
    );
    found(
        "orders",
        "update customer_order set state = 'paid', next_sweep_at = now() where state = 'confirmed'",
        "update customer_order set state = 'confirmed', next_sweep_at = null where state = 'paid'",
        "orders are settled",
    );
    found(
        "orders",
        "create table hidden as table customer_order; delete from customer_order where state = 'cancelled'",
        "insert into customer_order select * from hidden where state = 'cancelled'; drop table hidden",
        "accepted",
    );
    found(
        "shipping",
        "create table hidden as table shipment;
         update shipment set state = 'cancelled', tracking = null, carrier = null where state = 'scheduled'",
        "delete from shipment; insert into shipment table hidden; drop table hidden",
        "live shipment",
    );
    found(
        "sandbox_carrier",
        "update booking set state = 'voided', at = '1999-01-01' where state = 'booked'",
        "update booking set state = 'booked' where at = '1999-01-01'",
        "carrier's ledger",
    );
    found(
        "shipping",
        "update slot set taken = taken + 1",
        "update slot set taken = taken - 1",
        "taken places",
    );
    assert_eq!(shop.offences(), [], "all is mended");

    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = mongodb::Client::with_uri_str(shop.servers.mongo.url()).await.unwrap();
        let log = client.database("starling").collection::<mongodb::bson::Document>("payment_log");
        let document = log.find_one_and_delete(mongodb::bson::doc! {}).await.unwrap();
        assert!(document.is_some());
    });
    let offences = shop.offences();
    assert!(matches!(offences.as_slice(), [(check, _)] if check.contains("payment log")), "{offences:?}");
}

#[test]
fn a_message_that_cannot_be_read_is_listed_shown_and_redriven() {
    let shop = Shop::open("dead");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let options = async_nats::ConnectOptions::with_user_and_password("tester".into(), "tester".into());
        let nats = options.connect(shop.servers.nats.url()).await.unwrap();
        nats.request("cmd.order.place", "no order".into()).await.unwrap();
    });
    let began = Instant::now();
    let letter = loop {
        let letters = shop.json(&["dead", "list", "--json"]);
        match letters.as_array().unwrap().as_slice() {
            [letter] => break letter.clone(),
            letters => {
                assert!(letters.is_empty() && began.elapsed() < Duration::from_secs(20), "{letters:?}")
            }
        }
    };
    assert_eq!(letter["service"], "orders");
    assert_eq!(letter["body"], Value::Null, "a list shows no bodies");
    let id = letter["message_id"].as_str().unwrap();
    assert_eq!(shop.json(&["dead", "show", "orders", id])["body"], "no order");

    let redriven = shop.run(&["dead", "redrive", "orders", id]);
    assert_eq!(redriven.status.code(), Some(1), "it is as unreadable as before: {}", text(&redriven.stdout));
    assert!(text(&redriven.stdout).contains("1 of them still dead"), "{}", text(&redriven.stdout));
    let nobody = "00000000-0000-7000-8000-000000000000";
    assert_eq!(shop.run(&["dead", "redrive", "orders", nobody]).status.code(), Some(1));
    assert_eq!(shop.run(&["dead", "list", "identity"]).status.code(), Some(1), "identity hears nothing");
    assert_eq!(shop.good(&["stuck"]), "0 stuck\n");
}

#[test]
fn what_makes_no_sense_is_refused_with_its_reason() {
    let secret = [("STARLING_SECRET", "s")];
    let run = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = Command::new(BINARY);
        command.args(arguments).env_remove("STARLING_SECRET").envs(environment.iter().copied());
        let output = command.output().unwrap();
        (output.status.code(), text(&output.stderr))
    };
    for arguments in [&["token", "--role", "admin"][..], &["nats-auth"], &["provision"], &["run"]] {
        let (code, said) = run(arguments, &[]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("STARLING_SECRET"), "{said}");
    }
    assert_eq!(run(&["run", "stocks"], &secret).0, Some(1));
    assert_eq!(run(&["token", "--role", "king"], &secret).0, Some(2));
    assert_eq!(run(&["import", "/nowhere.csv"], &secret).0, Some(1));
    let (_, said) = run(&["run", "stocks"], &secret);
    assert!(said.contains("orders") && said.contains("gateway"), "{said}");
}
