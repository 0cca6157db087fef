//! The way to the gateway: HTTP, or HTTPS with a certificate of an authority that this machine trusts, or of one's own.

use super::Answered;
use anyhow::{Context, ensure};
use axum::{body::Bytes, http::Request};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::time::timeout;

/// Time for one answer; longer than the longest `Prefer: wait`.
const TIMEOUT: Duration = Duration::from_secs(45);

/// Connections are made when needed, and kept. Clones share them.
#[derive(Clone)]
pub struct Way(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Way {
    /// To a URL; `own` is a PEM file with authorities that are trusted besides.
    pub fn open(base: &str, own: Option<&Path>) -> anyhow::Result<Self> {
        let mut trusted = RootCertStore::empty();
        if base.starts_with("https:") {
            // What is no certificate among them is nothing to rely on, and nothing to stop for.
            trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        if let Some(own) = own {
            let wrong = || format!("{} (GATEWAY_CA)", own.display());
            let mut found = false;
            for certificate in CertificateDer::pem_file_iter(own).with_context(wrong)? {
                trusted.add(certificate.with_context(wrong)?).with_context(wrong)?;
                found = true;
            }
            ensure!(found, "{}: there is no certificate in it", wrong());
        }
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(ring).with_safe_default_protocol_versions()?;
        let tls = tls.with_root_certificates(trusted).with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let way = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        Ok(Self(Client::builder(TokioExecutor::new()).build(way.wrap_connector(tcp))))
    }

    /// Sends a request, whatever the answer says.
    ///
    /// # Errors
    /// When there is no answer, or not in time.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<Answered> {
        let answered = async {
            let answer = self.0.request(request).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let body = answer.into_body().collect().await?.to_bytes().to_vec();
            anyhow::Ok(Answered { status, headers, body })
        };
        timeout(TIMEOUT, answered).await.context("no answer in time")?
    }
}
