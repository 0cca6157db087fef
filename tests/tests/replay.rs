//! The main job: a retailer's real invoices, imported and replayed as orders through the gateway.
//!
//! The file is not part of the project; without it these tests say so and pass.

use flate2::read::GzDecoder;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use tests::{Flock, SERVICES, Shape};
use tokio::{sync::Mutex, task::block_in_place, time::sleep};

/// Each of these tests takes the machine for itself.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
/// Beside the project's root.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/online-retail.csv.gz");
/// Invoices of the shorter files.
const SOME: usize = 300;
/// Orders under way at the same time.
const AT_ONCE: &str = "32";
/// Pieces of each product when there are few.
const FEW: i64 = 3;

/// The whole file, if it is there.
fn file() -> Option<&'static Path> {
    let file = Path::new(FILE);
    if !file.exists() {
        println!("skipped: there is no {FILE}");
    }
    file.exists().then_some(file)
}

/// A plain file with the first so many invoices.
fn first(invoices: usize, file: &Path, folder: &Path) -> PathBuf {
    let lines = BufReader::new(GzDecoder::new(File::open(file).expect("the file"))).lines();
    let short = folder.join("short.csv");
    let mut out = File::create(&short).expect("a file");
    let mut seen = BTreeSet::new();
    for line in lines {
        let line = line.expect("text");
        seen.insert(line.split(',').next().unwrap_or_default().to_owned());
        // One more for the head of the table.
        if seen.len() > invoices + 1 {
            break;
        }
        writeln!(out, "{line}").expect("written");
    }
    short
}

/// What came of `starling replay`.
struct Replay {
    exit_code: Option<i32>,
    summary: Value,
    said: String,
}

impl Replay {
    fn run(mut command: Command) -> Self {
        let output = command.stdin(Stdio::null()).output().expect("starling can be started");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let summary = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("no summary: {error}: {said}"));
        Self { exit_code: output.status.code(), summary, said }
    }

    #[track_caller]
    fn number(&self, name: &str) -> i64 {
        self.summary[name].as_i64().unwrap_or_else(|| panic!("{name} in {}", self.summary))
    }

    /// How many orders were cancelled, for any reason.
    fn cancelled(&self) -> i64 {
        self.summary["cancelled"].as_object().expect("counts").values().filter_map(Value::as_i64).sum()
    }

    /// Exit code 0, and each order is confirmed or cancelled.
    #[track_caller]
    fn assert_all_settled(&self) {
        assert_eq!(self.exit_code, Some(0), "{:#} {}", self.summary, self.said);
        assert_eq!(self.summary["problems"], Value::Array(vec![]));
        assert_eq!(self.number("confirmed") + self.cancelled(), self.number("orders"), "{:#}", self.summary);
        assert!(self.number("confirmed") > 0, "{:#}", self.summary);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

fn import(flock: &Flock, file: &Path, more: &[&str]) -> Value {
    let said = flock.starling(&[&["import", text(file), "--json"], more].concat());
    serde_json::from_str(&said).expect("a summary")
}

fn replay(flock: &Flock, file: &Path, more: &[&str]) -> Replay {
    Replay::run(flock.command(&[&["replay", text(file), "--concurrency", AT_ONCE, "--json"], more].concat()))
}

/// Orders, pieces and money as the services have them: all that a replay must not add to when it is repeated.
async fn books(flock: &Flock) -> BTreeMap<&'static str, i64> {
    let one = async |database, sql: &'static str| -> i64 {
        sqlx::query_scalar(sql).fetch_one(&flock.database(database).await).await.expect("an answer")
    };
    BTreeMap::from([
        ("orders", one("orders", "select count(*) from customer_order where state <> 'alias'").await),
        ("confirmed", one("orders", "select count(*) from customer_order where state = 'confirmed'").await),
        ("reserved", one("inventory", "select coalesce(sum(reserved), 0)::bigint from stock").await),
        ("on hand", one("inventory", "select coalesce(sum(on_hand), 0)::bigint from stock").await),
        ("charges", one("sandbox_provider", "select count(*) from charge").await),
        (
            "taken",
            one(
                "sandbox_provider",
                "select coalesce(sum(amount), 0)::bigint from charge where state = 'captured'",
            )
            .await,
        ),
        (
            "given back",
            one(
                "sandbox_provider",
                "select coalesce(sum(amount), 0)::bigint from refund where state = 'refunded'",
            )
            .await,
        ),
        ("parcels", one("sandbox_carrier", "select count(*) from booking where state = 'booked'").await),
    ])
}

/// The summary says what the services' and the provider's books say.
#[track_caller]
fn assert_books_agree(books: &BTreeMap<&str, i64>, replay: &Replay) {
    assert_eq!(books["orders"], replay.number("orders"));
    assert_eq!(books["confirmed"], replay.number("confirmed"));
    assert_eq!(books["reserved"], replay.number("units"), "pieces in standing orders are set aside");
    assert_eq!(books["parcels"], replay.number("confirmed"));
    let revenue = replay.summary["revenue"]["GBP"].as_i64();
    assert_eq!(
        Some(books["taken"] - books["given back"]),
        revenue,
        "the provider keeps what the orders are worth"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_real_invoices_are_settled_and_a_second_replay_adds_nothing() {
    let Some(file) = file() else { return };
    let _alone = ONE_AT_A_TIME.lock().await;
    let flock = Flock::start_own(Shape::Together, &[]).await;
    let imported = block_in_place(|| import(&flock, file, &[]));
    assert!(imported["products"].as_u64().is_some_and(|products| products > 2_000), "{imported}");
    assert!(imported["dropped_rows"].as_object().is_some_and(|dropped| !dropped.is_empty()), "{imported}");
    let pieces = books(&flock).await["on hand"];
    assert_eq!(imported["pieces"].as_i64(), Some(pieces), "all are on the shelf");

    let first = block_in_place(|| replay(&flock, file, &[]));
    println!("{:#}", first.summary);
    first.assert_all_settled();
    assert!(first.number("orders") > 1_000, "{:#}", first.summary);
    assert_eq!(first.number("already_there"), 0);
    // There is enough of all: only what the data takes back is cancelled.
    assert_eq!(
        first.summary["cancelled"].as_object().map(|all| all.keys().cloned().collect::<Vec<_>>()),
        Some(vec!["by_customer".to_owned()])
    );
    block_in_place(|| flock.audit());
    let after = books(&flock).await;
    assert_books_agree(&after, &first);

    // The same file again, import and replay.
    block_in_place(|| import(&flock, file, &[]));
    let again = block_in_place(|| replay(&flock, file, &[]));
    again.assert_all_settled();
    assert_eq!(again.number("already_there"), first.number("orders"), "{:#}", again.summary);
    block_in_place(|| flock.audit());
    assert_eq!(books(&flock).await, after, "nothing was added");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_scarce_stock_no_more_is_confirmed_than_there_is_and_the_rest_says_why() {
    let Some(file) = file() else { return };
    let _alone = ONE_AT_A_TIME.lock().await;
    let flock = Flock::start_own(Shape::Together, &[]).await;
    let few = FEW.to_string();
    block_in_place(|| import(&flock, file, &["--stock", &few]));
    let scarce = block_in_place(|| replay(&flock, file, &["--stock", &few]));
    println!("{:#}", scarce.summary);
    scarce.assert_all_settled();
    let short = scarce.summary["cancelled"]["out_of_stock"].as_i64();
    assert!(short.is_some_and(|short| short > 0), "{:#}", scarce.summary);
    block_in_place(|| flock.audit());
    assert_books_agree(&books(&flock).await, &scarce);

    // Counted from the orders' own lines, since the summary is the replay's word.
    let sold = "select line ->> 'sku', sum((line ->> 'quantity')::bigint)::bigint
        from customer_order, jsonb_array_elements(lines) line where state = 'confirmed' group by 1";
    let sold: Vec<(String, i64)> =
        sqlx::query_as(sold).fetch_all(&flock.database("orders").await).await.expect("an answer");
    assert!(!sold.is_empty());
    for (sku, pieces) in sold {
        assert!(pieces <= FEW, "{pieces} of {sku} are sold, there were {FEW}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_during_which_every_service_is_killed_and_stopped_is_settled_to_the_last_invoice() {
    let Some(file) = file() else { return };
    let _alone = ONE_AT_A_TIME.lock().await;
    let flock = Flock::start_own(Shape::Apart, &[]).await;
    let short = first(SOME, file, flock.folder());
    block_in_place(|| import(&flock, &short, &[]));
    // Few at a time, so that it lasts until all were killed.
    let command = flock.command(&["replay", text(&short), "--concurrency", "4", "--json"]);
    let running = tokio::task::spawn_blocking(move || Replay::run(command));
    // Each is killed, and then each is told to stop.
    let mut ended = vec![];
    for (number, name) in SERVICES.iter().cycle().take(SERVICES.len() * 2).enumerate() {
        sleep(Duration::from_millis(400)).await;
        if running.is_finished() {
            break;
        }
        let service = flock.process(name);
        if number < SERVICES.len() {
            block_in_place(|| service.kill()).expect("it can be killed");
        } else {
            let status = block_in_place(|| service.terminate()).expect("it can be stopped");
            assert!(status.success(), "{name} ends in order: {status}");
        }
        sleep(Duration::from_millis(200)).await;
        service.start_again().expect("it starts");
        ended.push(*name);
    }
    let replay = running.await.expect("it ends");
    println!("ended: {ended:?} {:#}", replay.summary);
    assert_eq!(ended.len(), SERVICES.len() * 2, "all while it ran: {ended:?}");
    replay.assert_all_settled();
    block_in_place(|| flock.audit());
    assert_books_agree(&books(&flock).await, &replay);
}
