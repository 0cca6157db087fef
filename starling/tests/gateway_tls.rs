//! The operator's client and a gateway that speaks TLS alone.

#![expect(clippy::unwrap_used, reason = "a test fails where it meets the unexpected")]

use chassis::Secret;
use rcgen::generate_simple_self_signed;
use starling::gateway_client::{Door, GatewayClient};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};
use tools::{Process, Server, scratch::Scratch};

const BINARY: &str = env!("CARGO_BIN_EXE_starling");
const SECRET: &str = "the secret of a test";

/// A gateway with a certificate of an authority of its own. What is declared last is dropped last.
struct Behind {
    _gateway: Process,
    _servers: [Server; 2],
    port: u16,
    certificate: PathBuf,
    _scratch: Scratch,
}

impl Behind {
    fn open() -> Self {
        let scratch = Scratch::new("tls").unwrap();
        let auth = Command::new(BINARY).arg("nats-auth").env("STARLING_SECRET", SECRET).output().unwrap();
        let auth = String::from_utf8(auth.stdout).unwrap();
        let nats = tools::nats::start(&scratch.path().join("nats"), None, &auth).unwrap();
        let redis = tools::redis::start(&scratch.path().join("redis"), None).unwrap();
        let fresh = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (scratch.path().join("tls.crt"), scratch.path().join("tls.key"));
        std::fs::write(&certificate, fresh.cert.pem()).unwrap();
        std::fs::write(&key, fresh.signing_key.serialize_pem()).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(BINARY);
        command
            .args(["run", "gateway"])
            .env("STARLING_SECRET", SECRET)
            .env("NATS_URL", nats.url())
            .env("REDIS_URL", redis.url())
            .env("GATEWAY_LISTEN", format!("127.0.0.1:{port}"))
            .env("GATEWAY_TLS_CERT", &certificate)
            .env("GATEWAY_TLS_KEY", &key);
        let gateway = tools::program(&command, "gateway", scratch.path()).unwrap();
        Self { _gateway: gateway, _servers: [nats, redis], port, certificate, _scratch: scratch }
    }

    fn client(&self, scheme: &str, own: Option<&Path>, patience_s: u64) -> GatewayClient {
        let door = Door {
            gateway_url: Some(format!("{scheme}://localhost:{}/", self.port)),
            gateway_listen: "127.0.0.1:8080".parse().unwrap(),
            gateway_ca: own.map(Path::to_owned),
            token: None,
            patience_s,
        };
        GatewayClient::new(&door, &Secret::from(SECRET.to_owned())).unwrap()
    }
}

#[tokio::test]
async fn who_trusts_its_certificate_talks_to_a_gateway_and_who_does_not_says_so() {
    let behind = tokio::task::spawn_blocking(Behind::open).await.unwrap();
    // Until it listens it is tried again.
    let clock = behind.client("https", Some(&behind.certificate), 60).clock().await.unwrap();
    assert!(clock > 0);
    let refused = behind.client("https", None, 0).clock().await.unwrap_err();
    assert!(format!("{refused:#}").contains("invalid peer certificate"), "{refused:#}");
    assert!(behind.client("http", None, 0).clock().await.is_err(), "it is not spoken to without TLS");
}

#[test]
fn an_authority_that_cannot_be_read_is_named() {
    let scratch = Scratch::new("ca").unwrap();
    let empty = scratch.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for (file, why) in [(empty, "no certificate"), (scratch.path().join("gone.pem"), "gone.pem (GATEWAY_CA)")]
    {
        let door = Door {
            gateway_url: Some("https://localhost:1".to_owned()),
            gateway_listen: "127.0.0.1:8080".parse().unwrap(),
            gateway_ca: Some(file),
            token: None,
            patience_s: 0,
        };
        let refused = GatewayClient::new(&door, &Secret::from(SECRET.to_owned())).err().unwrap();
        assert!(format!("{refused:#}").contains(why), "{refused:#}");
    }
}
