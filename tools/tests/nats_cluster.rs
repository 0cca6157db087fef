//! Three nats-servers find each other, keep each other's streams, and take each other's place.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tools::nats_cluster::{self, is_well};
use tools::scratch::Scratch;
use tools::{Server, nats};

const AUTH: &str = "authorization { users = [{ user: a, password: first }] }";
const CHANGED: &str = "authorization { users = [{ user: a, password: second }] }";
/// How long a node may take to catch up on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Sends a request to a node as the user, and waits for the answer; empty when there is none.
fn request(node: &Server, password: &str, subject: &str, body: &str) -> String {
    let connect = format!("CONNECT {{\"verbose\":false,\"user\":\"a\",\"pass\":\"{password}\"}}\r\n");
    let publish = format!("SUB answer 1\r\nPUB {subject} answer {}\r\n{body}\r\n", body.len());
    let mut stream = TcpStream::connect(("127.0.0.1", node.port())).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a time limit");
    stream.write_all((connect + &publish).as_bytes()).expect("it reads");
    let (mut read, mut bytes) = (String::new(), [0; 1024]);
    loop {
        let answered = read.contains("MSG answer") && read.ends_with("}\r\n");
        if answered || read.contains("-ERR") {
            break;
        }
        match stream.read(&mut bytes) {
            Ok(0) | Err(_) => break,
            Ok(count) => read.push_str(&String::from_utf8_lossy(&bytes[..count])),
        }
    }
    read.split_once("MSG answer").map(|(_, answer)| answer.to_owned()).unwrap_or_default()
}

/// Waits until a node gives an answer with these words in it.
#[track_caller]
fn until_says(node: &Server, subject: &str, body: &str, words: &str) {
    let began = Instant::now();
    loop {
        let answer = request(node, "second", subject, body);
        if answer.contains(words) {
            return;
        }
        assert!(began.elapsed() < LIMIT, "{} on {subject}: {answer}", node.name());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[track_caller]
fn until_all_well(nodes: &[Server]) {
    let began = Instant::now();
    while !nodes.iter().all(is_well) {
        assert!(began.elapsed() < LIMIT, "not all nodes are well");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_cluster_takes_new_authorization_and_a_wiped_node_copies_the_streams_of_the_others() {
    let scratch = Scratch::new("nats-cluster").expect("a scratch folder");
    let nodes = nats_cluster::start(scratch.path(), AUTH).expect("three nats-servers");
    assert_eq!(nodes.len(), nats_cluster::NODES);
    nats_cluster::authorize(&nodes, CHANGED).expect("reloaded");
    for node in &nodes {
        assert_eq!(request(node, "first", "$JS.API.INFO", ""), "", "{} forgot the old", node.name());
        until_says(node, "$JS.API.INFO", "", "io.nats.jetstream.api.v1.account_info_response");
    }
    let stream = r#"{"name":"S","subjects":["s"],"storage":"file","num_replicas":3}"#;
    until_says(&nodes[0], "$JS.API.STREAM.CREATE.S", stream, "stream_create_response");
    until_says(&nodes[0], "s", r#"{"a":"message"}"#, r#""seq":1"#);

    assert!(nats_cluster::wipe(&nodes[2]).is_err(), "it is running");
    nodes[2].kill().expect("killed");
    assert!(!is_well(&nodes[2]));
    nats_cluster::wipe(&nodes[2]).expect("wiped");
    until_says(&nodes[1], "s", r#"{"a":"message"}"#, r#""seq":2"#);
    nodes[2].start_again().expect("started again");
    until_all_well(&nodes);

    // Without the first the wiped one is needed, and without the second it is asked.
    assert!(nats_cluster::lame_duck(&nodes[0]).expect("it stops").success());
    until_says(&nodes[2], "s", r#"{"a":"message"}"#, r#""seq":3"#);
    nodes[0].start_again().expect("started again");
    until_all_well(&nodes);
    assert!(nodes[1].terminate().expect("it stops").success());
    until_says(&nodes[2], "$JS.API.STREAM.INFO.S", "", r#""messages":3"#);
    assert!(nats::authorize(&nodes[2], "authorization {").is_err(), "a broken one is refused");
}
