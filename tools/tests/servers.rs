//! Each real server starts, answers, survives a kill with its data, and dies with its parent.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tools::Server;
use tools::postgres::Purpose;
use tools::scratch::Scratch;

fn scratch(name: &str) -> Scratch {
    Scratch::new(name).expect("a scratch folder")
}

/// Sends some bytes and reads until the answer ends with `end`.
#[track_caller]
fn ask(server: &Server, question: &str, end: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a time limit");
    stream.write_all(question.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    let mut byte = [0; 1];
    while !answer.ends_with(end.as_bytes()) {
        stream.read_exact(&mut byte).unwrap_or_else(|error| {
            panic!("{error} after {:?}", String::from_utf8_lossy(&answer));
        });
        answer.push(byte[0]);
    }
    String::from_utf8(answer).expect("text")
}

#[track_caller]
fn psql(url: &str, sql: &str) -> String {
    let output =
        Command::new("psql").args([url, "-v", "ON_ERROR_STOP=1", "-Atqc", sql]).output().expect("psql");
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

#[test]
fn nats_syncs_always_and_keeps_its_port_and_streams_through_a_kill() {
    let scratch = scratch("nats");
    let server = tools::nats::start(scratch.path(), None, "").expect("nats-server");
    let create = r#"{"name":"S","subjects":["s"],"storage":"file"}"#;
    let request = |subject: &str, body: &str| {
        let head = "CONNECT {\"verbose\":false}\r\nSUB answer 1\r\n";
        let question = format!("{head}PUB {subject} answer {}\r\n{body}\r\n", body.len());
        ask(&server, &question, "}\r\n");
        // The first line is the greeting, the next the message.
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_millis(500))).expect("a time limit");
        stream.write_all(question.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer)); // ends with the time limit
        String::from_utf8_lossy(&answer).into_owned()
    };
    let made = request("$JS.API.STREAM.CREATE.S", create);
    assert!(made.contains("stream_create_response") && !made.contains("\"error\""), "{made}");
    let port = server.port();
    server.kill().expect("killed");
    assert!(!server.is_running());
    server.start_again().expect("started again");
    assert_eq!(server.port(), port);
    let names = request("$JS.API.STREAM.NAMES", "");
    assert!(names.contains(r#""streams":["S"]"#), "{names}");
    let config = monitor(&server, "/jsz?config=1");
    assert!(config.contains(r#""sync_always": true"#), "{config}");
}

#[track_caller]
fn monitor(server: &Server, path: &str) -> String {
    let url = server.monitor_url().expect("NATS has one");
    let address = url.strip_prefix("http://").expect("http");
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn nats_takes_new_authorization_while_it_runs_and_refuses_a_broken_one() {
    let scratch = scratch("nats-auth");
    let auth = |password: &str| format!("authorization {{ users = [{{ user: a, password: {password} }}] }}");
    let server = tools::nats::start(scratch.path(), None, &auth("first")).expect("nats-server");
    let login = |password: &str| {
        let connect = format!("CONNECT {{\"user\":\"a\",\"pass\":\"{password}\"}}\r\nPING\r\n");
        ask(&server, &connect, "\r\n+OK\r\nPONG\r\n")
    };
    login("first");
    tools::nats::authorize(&server, &auth("second")).expect("reloaded");
    login("second");
    let error = tools::nats::authorize(&server, "authorization {").expect_err("broken");
    assert!(error.to_string().contains("refuses"), "{error:#}");
    login("second");
}

#[test]
fn postgres_keeps_what_was_committed_through_kills_under_load() {
    let scratch = scratch("postgres");
    let server = tools::postgres::start(scratch.path(), None, Purpose::Tests).expect("postgres");
    assert_eq!(psql(server.url(), "show fsync"), "on");
    assert_eq!(psql(server.url(), "show server_encoding"), "UTF8");
    psql(server.url(), "create table t (n int)");
    for n in 1..=3 {
        psql(server.url(), &format!("insert into t values ({n})"));
        // A backend that is busy when the server dies must not keep the next from starting.
        let mut busy = Command::new("psql")
            .args([server.url(), "-c", "select pg_sleep(60)"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("psql");
        std::thread::sleep(Duration::from_millis(200));
        server.kill().expect("killed");
        server.start_again().expect("started again");
        assert!(!busy.wait().expect("it ends").success());
    }
    assert_eq!(psql(server.url(), "select sum(n) from t"), "6");
    assert!(server.terminate().expect("stopped").success());
    server.start_again().expect("started again");
    let sockets = server.socket_dir().expect("Postgres has one").display().to_string();
    let url = server.url().replace("127.0.0.1", &sockets.replace('/', "%2F"));
    assert_eq!(psql(&url, "select count(*) from t"), "3");
}

#[test]
fn postgres_for_work_has_a_password_of_its_own_and_keeps_it() {
    let scratch = scratch("postgres-work");
    let start = || tools::postgres::start(scratch.path(), None, Purpose::Work).expect("postgres");
    let server = start();
    let password = |url: &str| url.split([':', '@']).nth(2).expect("a password").to_owned();
    let first = password(server.url());
    assert_ne!(first, password(tools::postgres::shared()));
    let wrong = server.url().replace(&first, "wrong");
    let refused = Command::new("psql").args([&wrong, "-c", "select 1"]).output().expect("psql");
    assert!(!refused.status.success());
    drop(server);
    assert_eq!(password(start().url()), first);
}

#[test]
fn postgres_of_root_goes_where_its_user_can_reach_it() {
    let scratch = scratch("closed");
    let place = scratch.path().join("closed/postgres");
    std::fs::create_dir_all(&place).expect("a folder");
    let closed = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(scratch.path().join("closed"), closed).expect("closed");
    let is_root = std::fs::metadata("/proc/self").expect("ourselves").uid() == 0;
    let folder = tools::postgres::folder(&place).expect("a folder for the data");
    assert_eq!(folder != place, is_root, "{}", folder.display());
    let server = tools::postgres::start(&place, None, Purpose::Tests).expect("postgres");
    assert_eq!(psql(server.url(), "show data_directory"), folder.join("data").display().to_string());
    drop(server);
    tools::wipe(place.parent().expect("closed"), std::path::Path::new("compose.yaml")).expect("wiped");
    assert!(!folder.exists());
}

#[test]
fn a_full_redis_keeps_what_came_last_even_if_it_lives_shorter() {
    let scratch = scratch("full-redis");
    let server = tools::redis::start(scratch.path(), None).expect("redis");
    // More than there is room for, then one that ends sooner, then some more.
    let filler = "x".repeat(10_000);
    let day = |n: u32| format!("SET day-{n} {filler} EX 86400\r\n");
    let fill = |from: u32, to: u32| {
        let all: String = (from..to).map(day).collect();
        ask(&server, &(all + "ECHO filled\r\n"), "filled\r\n");
    };
    for n in 0..60 {
        fill(n * 100, n * 100 + 100);
    }
    // Its clock for that has seconds.
    std::thread::sleep(Duration::from_millis(1_100));
    ask(&server, "SET lately yes EX 3600\r\n", "+OK\r\n");
    fill(6_000, 6_500);
    let evicted = ask(&server, "INFO stats\r\n", "evicted_clients:");
    assert!(!evicted.contains("evicted_keys:0\r"), "nothing had to go: {evicted}");
    assert_eq!(ask(&server, "GET lately\r\n", "yes\r\n"), "$3\r\nyes\r\n");
}

#[test]
fn redis_keeps_its_keys_through_a_kill() {
    let scratch = scratch("redis");
    let server = tools::redis::start(scratch.path(), None).expect("redis");
    ask(&server, "SET k v\r\n", "+OK\r\n");
    server.kill().expect("killed");
    server.start_again().expect("started again");
    ask(&server, "GET k\r\n", "$1\r\nv\r\n");
}

#[test]
fn a_paused_server_says_nothing_until_it_goes_on() {
    let scratch = scratch("paused");
    let server = tools::redis::start(scratch.path(), None).expect("redis");
    server.pause().expect("paused");
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("the kernel still accepts");
    stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a time limit");
    stream.write_all(b"PING\r\n").expect("the kernel still reads");
    let mut answer = [0; 7];
    assert!(stream.read_exact(&mut answer).is_err());
    server.resume().expect("resumed");
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"+PONG\r\n");
}

#[test]
fn mongo_answers_and_starts_again_with_its_folder() {
    let scratch = scratch("mongo");
    let server = tools::mongo::start(scratch.path(), None).expect("mongod or FerretDB");
    server.kill().expect("killed");
    server.start_again().expect("started again"); // it is asked hello in its protocol
    assert!(scratch.path().join("data").is_dir());
}

#[test]
fn all_four_start_together_and_leave_nothing_behind() {
    let scratch = scratch("all");
    let path = scratch.path().to_owned();
    let servers = tools::Servers::start(scratch.path(), "").expect("four servers");
    let pids = pids(&servers);
    drop(servers);
    drop(scratch);
    assert!(!path.exists());
    for pid in pids {
        assert!(!runs(pid), "process {pid} is left");
    }
}

fn pids(servers: &tools::Servers) -> [u32; 4] {
    [&servers.nats, &servers.postgres, &servers.redis, &servers.mongo].map(|server| server.pid())
}

fn runs(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A zombie that nobody has waited for yet does not run.
    !status.is_empty() && !status.contains(") Z ")
}

#[test]
fn servers_die_with_a_parent_that_is_killed() {
    let mut parent = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "parent_that_waits_to_be_killed", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("a parent");
    let mut said = String::new();
    let mut out = parent.stdout.take().expect("piped");
    let mut byte = [0; 1];
    while !said.contains("pids end") {
        out.read_exact(&mut byte).expect("the parent says its children's ids");
        said.push(char::from(byte[0]));
    }
    let line = said.lines().find(|line| line.contains("pids ")).expect("a line");
    let pids: Vec<u32> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert_eq!(pids.len(), 4);
    assert!(pids.iter().all(|&pid| runs(pid)));
    parent.kill().expect("killed");
    parent.wait().expect("gone");
    let start = Instant::now();
    while pids.iter().any(|&pid| runs(pid)) {
        assert!(start.elapsed() < Duration::from_secs(5), "orphans of {pids:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
#[ignore = "is run by servers_die_with_a_parent_that_is_killed"]
fn parent_that_waits_to_be_killed() {
    let scratch = scratch("orphans");
    // Started on a thread that ends at once: they must live on all the same.
    let path = scratch.path().to_owned();
    let servers = std::thread::spawn(move || tools::Servers::start(&path, ""))
        .join()
        .expect("a thread")
        .expect("four servers");
    std::thread::sleep(Duration::from_millis(100));
    let [nats, postgres, redis, mongo] = pids(&servers);
    println!("\npids {nats} {postgres} {redis} {mongo} pids end");
    std::thread::sleep(Duration::from_secs(60));
}
