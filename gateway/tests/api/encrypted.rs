//! TLS, and HTTP/2 over it.

use crate::{
    gateway::{Gateway, order},
    services,
};
use axum::body::{Body, to_bytes};
use chassis::{Health, Tasks};
use contracts::Role;
use gateway::Settings;
use hyper::{Request, Response, Version, body::Incoming, client::conn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::generate_simple_self_signed;
use serde_json::Value;
use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName},
    },
};
use tools::scratch::Scratch;

const LOOK_MS: u64 = 50;

/// A folder with a certificate and its key.
pub struct Files {
    scratch: Scratch,
}

impl Files {
    pub fn new() -> (Self, CertificateDer<'static>) {
        let files = Self { scratch: Scratch::new("tls").unwrap() };
        let certificate = files.renew();
        (files, certificate)
    }

    /// Writes a fresh one in place of what is there.
    pub fn renew(&self) -> CertificateDer<'static> {
        let fresh = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(self.certificate(), fresh.cert.pem()).unwrap();
        std::fs::write(self.key(), fresh.signing_key.serialize_pem()).unwrap();
        fresh.cert.der().clone()
    }

    fn certificate(&self) -> PathBuf {
        self.scratch.path().join("tls.crt")
    }

    fn key(&self) -> PathBuf {
        self.scratch.path().join("tls.key")
    }

    pub fn settings(&self) -> Settings {
        let (gateway_tls_cert, gateway_tls_key) = (Some(self.certificate()), Some(self.key()));
        Settings { gateway_tls_cert, gateway_tls_key, gateway_tls_look_ms: LOOK_MS, ..Settings::default() }
    }
}

/// Shakes hands, trusting this certificate and no other.
pub async fn connect(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
    protocols: &[&[u8]],
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

pub fn get(path: &str, token: &str) -> Request<Body> {
    let request = Request::get(format!("https://localhost{path}")).header("host", "localhost");
    request.header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap()
}

/// Sends a request by HTTP/2, on a connection of its own.
pub async fn by_h2(
    stream: TlsStream<TcpStream>,
    request: Request<Body>,
) -> hyper::Result<Response<Incoming>> {
    let (mut send, connection) = conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    Tasks::default().spawn(async { drop(connection.await) });
    send.send_request(request).await
}

async fn by_h1(stream: TlsStream<TcpStream>, request: Request<Body>) -> hyper::Result<Response<Incoming>> {
    let (mut send, connection) = conn::http1::handshake(TokioIo::new(stream)).await?;
    Tasks::default().spawn(async { drop(connection.await) });
    send.send_request(request).await
}

async fn told(response: Response<Incoming>) -> Value {
    let body = to_bytes(Body::new(response.into_body()), usize::MAX).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn an_order_page_comes_by_http_2_and_by_http_1_1_as_the_handshake_says() {
    let mut gateway = Gateway::start().await;
    let _postgres = services::postgres(&mut gateway).await;
    services::run(&gateway, orders::service(orders::Rules::default())).await;
    let (files, certificate) = Files::new();
    let address = gateway.another(files.settings()).await;
    let token = gateway.token(Role::Customer);
    let placed = gateway.order(&token, "key", &order()).send().await.unwrap();
    assert_eq!(placed.status(), 202);
    let began = Instant::now();
    loop {
        let stream = connect(address, &certificate, &[b"h2", b"http/1.1"]).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let second = by_h2(stream, get("/v1/orders/me", &token)).await.unwrap();
        let stream = connect(address, &certificate, &[b"http/1.1"]).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        let first = by_h1(stream, get("/v1/orders/me", &token)).await.unwrap();
        assert_eq!((second.version(), first.version()), (Version::HTTP_2, Version::HTTP_11));
        if (second.status().as_u16(), first.status().as_u16()) == (200, 200) {
            let (second, first) = (told(second).await, told(first).await);
            if first["orders"][0].is_object() && second == first {
                break;
            }
        }
        assert!(began.elapsed() < Duration::from_secs(20), "no page with the order");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn who_speaks_plainly_to_tls_or_http_2_without_it_is_not_answered() {
    let gateway = Gateway::start().await;
    let (files, _) = Files::new();
    let address = gateway.another(files.settings()).await;
    let answer =
        raw(address, b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP"), "{answer:?}");
    // The preface of HTTP/2 and an empty SETTINGS frame, to a gateway without TLS.
    let plain = gateway.base.trim_start_matches("http://").parse().unwrap();
    let answer = raw(plain, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00").await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{answer:?}");
}

/// Sends bytes as they are; what comes back.
async fn raw(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = vec![];
    drop(stream.read_to_end(&mut answer).await);
    answer
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused_by_http_2_as_well() {
    let gateway = Gateway::start().await;
    let (files, certificate) = Files::new();
    let address = gateway.another(files.settings()).await;
    for (length, expected) in [(1_000, 200), (60_000, 431)] {
        let stream = connect(address, &certificate, &[b"h2"]).await.unwrap();
        let mut request = get("/health/live", "");
        request.headers_mut().insert("x-long", "x".repeat(length).parse().unwrap());
        let status = by_h2(stream, request).await.map(|response| response.status().as_u16());
        assert_eq!(status.unwrap(), expected, "{length} bytes");
    }
}

#[tokio::test]
async fn a_new_certificate_is_used_and_a_bad_one_is_not() {
    let gateway = Gateway::start().await;
    let (files, first) = Files::new();
    let address = gateway.another(files.settings()).await;
    let good =
        async |certificate: &CertificateDer<'static>| connect(address, certificate, &[b"h2"]).await.is_ok();
    assert!(good(&first).await);
    let second = files.renew();
    until("the new certificate is used", async || good(&second).await).await;
    assert!(!good(&first).await, "the old one is gone");
    for bad in ["nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ""] {
        std::fs::write(files.certificate(), bad).unwrap();
        tokio::time::sleep(Duration::from_millis(4 * LOOK_MS)).await;
        assert!(good(&second).await, "{bad}: the old one stays");
    }
    // A certificate without its key.
    std::fs::remove_file(files.key()).unwrap();
    tokio::time::sleep(Duration::from_millis(4 * LOOK_MS)).await;
    assert!(good(&second).await, "the old one stays");
    let last = files.renew();
    until("a good one after bad ones is used", async || good(&last).await).await;
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(10), "not so: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_gateway_does_not_start_with_half_a_certificate() {
    let gateway = Gateway::start().await;
    let (files, _) = Files::new();
    let good = files.settings();
    let other = generate_simple_self_signed(["localhost".to_owned()]).unwrap().signing_key.serialize_pem();
    let other_key = files.scratch.path().join("other.key");
    std::fs::write(&other_key, other).unwrap();
    let nowhere = Some(Path::new("/nowhere/tls.pem").to_path_buf());
    for (settings, named) in [
        (
            Settings { gateway_tls_key: None, ..good.clone() },
            "GATEWAY_TLS_CERT is given without GATEWAY_TLS_KEY",
        ),
        (
            Settings { gateway_tls_cert: None, ..good.clone() },
            "GATEWAY_TLS_KEY is given without GATEWAY_TLS_CERT",
        ),
        (
            Settings { gateway_tls_cert: nowhere.clone(), ..good.clone() },
            "GATEWAY_TLS_CERT: /nowhere/tls.pem",
        ),
        (Settings { gateway_tls_key: nowhere, ..good.clone() }, "GATEWAY_TLS_KEY: /nowhere/tls.pem"),
        (
            Settings { gateway_tls_cert: Some(files.key()), ..good.clone() },
            "GATEWAY_TLS_CERT: no certificate",
        ),
        (
            Settings { gateway_tls_key: Some(files.certificate()), ..good.clone() },
            "GATEWAY_TLS_KEY: no private key",
        ),
        (Settings { gateway_tls_key: Some(other_key), ..good }, "GATEWAY_TLS_CERT and GATEWAY_TLS_KEY: "),
    ] {
        let started =
            gateway::run(&gateway.places, settings, vec![], Health::default(), Tasks::default()).await;
        let error = format!("{:#}", started.unwrap_err());
        assert!(error.starts_with(named), "{error}");
        assert!(!error.contains("BEGIN"), "{error}");
    }
}
