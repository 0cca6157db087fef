//! Clients that are slow, silent, deaf or many do not hold what others need.

use crate::{
    encrypted::{self, Files},
    gateway::{Gateway, order, told},
};
use chassis::Tasks;
use contracts::Role;
use gateway::Settings;
use hyper_util::rt::{TokioExecutor, TokioIo};
use reqwest::Method;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

const HEAD_MS: u64 = 600;
const IDLE_MS: u64 = 1_000;
const HEAD: Duration = Duration::from_millis(HEAD_MS);
const IDLE: Duration = Duration::from_millis(IDLE_MS);
/// A busy machine may be so late.
const LATE: Duration = Duration::from_secs(4);
const LIVE: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: gateway\r\n\r\n";

fn impatient() -> Settings {
    Settings { gateway_head_ms: HEAD_MS, gateway_idle_ms: IDLE_MS, ..Settings::default() }
}

async fn open(gateway: &Gateway) -> TcpStream {
    TcpStream::connect(gateway.base.trim_start_matches("http://")).await.unwrap()
}

/// Sends a request that is answered, and reads the answer.
async fn ask(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 4_096];
    let sent = stream.write_all(LIVE).await;
    sent.is_ok()
        && matches!(stream.read(&mut answer).await, Ok(read) if answer[..read].starts_with(b"HTTP/1.1 200"))
}

/// How long it takes until the gateway ends the connection, and what it said.
async fn until_it_ends(stream: &mut TcpStream) -> (Duration, Vec<u8>) {
    let (began, mut said) = (Instant::now(), vec![]);
    let read = timeout(LATE + IDLE, stream.read_to_end(&mut said)).await.expect("it ends");
    // Whether by a word or by a reset is no matter.
    drop(read);
    (began.elapsed(), said)
}

/// Sends bytes one by one until the gateway has enough of it; how long that took.
async fn drip(stream: &mut TcpStream, bytes: &[u8]) -> Duration {
    let began = Instant::now();
    for byte in bytes {
        let mut one = [0];
        if stream.write_all(&[*byte]).await.is_err()
            || matches!(timeout(Duration::from_millis(20), stream.read(&mut one)).await, Ok(Ok(0) | Err(_)))
        {
            return began.elapsed();
        }
        assert!(began.elapsed() < HEAD + LATE, "the gateway goes on listening");
    }
    panic!("all was sent before the limit was over");
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_cut_off_on_a_new_connection_and_on_a_used_one() {
    let gateway = Gateway::start_with(impatient()).await;
    let long = [b"GET / HTTP/1.1\r\nhost: gateway\r\nx-slow: ".as_slice(), &[b'x'; 1_000]].concat();
    let mut fresh = open(&gateway).await;
    let mut used = open(&gateway).await;
    assert!(ask(&mut used).await);
    let (fresh, used) = tokio::join!(drip(&mut fresh, &long), drip(&mut used, &long));
    assert!(fresh >= HEAD && used >= HEAD, "{fresh:?} {used:?}");
    assert!(ask(&mut open(&gateway).await).await, "others are served");
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_ends_and_one_that_asks_goes_on() {
    let gateway = Gateway::start_with(impatient()).await;
    let (mut silent, mut used, mut busy) = (open(&gateway).await, open(&gateway).await, open(&gateway).await);
    let silent = async { until_it_ends(&mut silent).await };
    let used = async {
        assert!(ask(&mut used).await);
        until_it_ends(&mut used).await
    };
    let busy = async {
        let began = Instant::now();
        while began.elapsed() < 3 * IDLE {
            assert!(ask(&mut busy).await);
            sleep(IDLE / 8).await;
        }
    };
    let (silent, used, ()) = tokio::join!(silent, used, busy);
    for (took, said) in [silent, used] {
        assert!(took >= IDLE - Duration::from_millis(50), "{took:?}");
        assert!(said.is_empty(), "{said:?}");
    }
}

#[tokio::test]
async fn a_request_that_waits_is_not_idle() {
    let gateway = Gateway::start_with(impatient()).await;
    let token = gateway.token(Role::Customer);
    let began = Instant::now();
    let waits = gateway.order(&token, "key", &order()).header("prefer", "wait=3").send().await.unwrap();
    assert_eq!(told(waits).await.0, 202);
    assert!(began.elapsed() >= 2 * IDLE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_is_given_up() {
    let gateway = Gateway::start_with(impatient()).await;
    let token = gateway.token(Role::Customer);
    let mut stream = open(&gateway).await;
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {token}\r\nidempotency-key: key\r\n\
         content-type: application/json\r\ncontent-length: 100000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let drip = async {
        while write.write_all(b" ").await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let mut said = vec![];
    let began = Instant::now();
    tokio::select! {
        () = drip => {}
        read = timeout(Duration::from_secs(20), read.read_to_end(&mut said)) => drop(read.expect("it ends")),
    }
    let said = String::from_utf8_lossy(&said);
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!((7..14).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn who_takes_no_answer_is_cut_off() {
    let settings = Settings { gateway_connections_per_address: 1, ..impatient() };
    let gateway = Gateway::start_with(settings).await;
    let document = gateway.request(Method::GET, "/openapi.json").send().await.unwrap().bytes().await.unwrap();
    // The one place is free when the connection of these questions has been idle for long enough.
    let mut stream = admitted(&gateway).await;
    // More than the buffers of both ends hold.
    let many = (64 << 20) / document.len();
    let request = b"GET /openapi.json HTTP/1.1\r\nhost: gateway\r\n\r\n";
    for _ in 0..many {
        if !matches!(timeout(Duration::from_millis(100), stream.write_all(request)).await, Ok(Ok(()))) {
            break;
        }
    }
    assert!(!ask(&mut open(&gateway).await).await, "the place is taken");
    drop(admitted(&gateway).await);
    drop(stream);
}

/// A connection, as soon as there is a place for one.
async fn admitted(gateway: &Gateway) -> TcpStream {
    let began = Instant::now();
    loop {
        let mut stream = open(gateway).await;
        if ask(&mut stream).await {
            return stream;
        }
        assert!(began.elapsed() < IDLE + LATE, "no place becomes free");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_address_has_no_more_connections_than_it_may() {
    let settings = Settings { gateway_connections_per_address: 3, ..Settings::default() };
    let gateway = Gateway::start_with(settings).await;
    // The one that looked whether the gateway is ready, and two more.
    let (mut second, mut third) = (open(&gateway).await, open(&gateway).await);
    assert!(ask(&mut second).await && ask(&mut third).await);
    assert!(!ask(&mut open(&gateway).await).await, "one too many");
    assert!(ask(&mut third).await, "those who are there are served");
    drop(second);
    drop(admitted(&gateway).await);
}

#[tokio::test]
async fn beyond_all_places_a_connection_waits_until_one_is_free() {
    let gateway = Gateway::start_with(Settings { gateway_connections: 2, ..Settings::default() }).await;
    let mut second = open(&gateway).await;
    assert!(ask(&mut second).await);
    let mut third = open(&gateway).await;
    assert!(timeout(Duration::from_millis(300), ask(&mut third)).await.is_err(), "it is served");
    drop(second);
    let mut answer = [0; 4_096];
    let read = timeout(LATE, third.read(&mut answer)).await.expect("a place is free").unwrap();
    assert!(answer[..read].starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn a_handshake_that_does_not_come_and_a_silent_connection_of_http_2_end() {
    let gateway = Gateway::start().await;
    let (files, certificate) = Files::new();
    let Settings { gateway_tls_cert, gateway_tls_key, .. } = files.settings();
    let address: SocketAddr =
        gateway.another(Settings { gateway_tls_cert, gateway_tls_key, ..impatient() }).await;
    let mut mute = TcpStream::connect(address).await.unwrap();
    let (took, said) = until_it_ends(&mut mute).await;
    assert!(said.is_empty() && took >= HEAD - Duration::from_millis(50), "{took:?}");

    let stream = encrypted::connect(address, &certificate, &[b"h2"]).await.unwrap();
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut send, connection) = handshake.await.unwrap();
    let (began, ended) = (Instant::now(), Tasks::default());
    ended.spawn(async { drop(connection.await) });
    let answer = send.send_request(encrypted::get("/health/live", "")).await.unwrap();
    assert_eq!(answer.status(), 200);
    timeout(LATE + IDLE, ended.ended()).await.expect("it ends");
    assert!(began.elapsed() >= IDLE - Duration::from_millis(50), "{:?}", began.elapsed());
}
