//! TLS: a certificate and its key from two files, read anew when they change.

use crate::Settings;
use anyhow::{Context, bail, ensure};
use sha2::{Digest, Sha256};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};
use tokio_util::sync::CancellationToken;

/// What ALPN calls HTTP/2.
pub(super) const H2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";
/// The largest file that is taken for a certificate or a key, in bytes.
const LARGEST: u64 = 1 << 20;

/// How connections are encrypted at present.
pub(crate) struct Tls {
    files: Files,
    look: Duration,
    current: RwLock<Arc<ServerConfig>>,
    /// What was read last, good or bad: each change is told of once.
    seen: RwLock<[u8; 32]>,
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Tls {
    /// None where no files are named.
    ///
    /// # Errors
    /// Names the setting: one of them is missing, its file cannot be read, or they do not fit each other.
    pub fn open(settings: &Settings) -> anyhow::Result<Option<Arc<Self>>> {
        let named = |path: &Option<PathBuf>| path.clone().filter(|path| !path.as_os_str().is_empty());
        let files = match (named(&settings.gateway_tls_cert), named(&settings.gateway_tls_key)) {
            (Some(certificate), Some(key)) => Files { certificate, key },
            (None, None) => return Ok(None),
            (Some(_), None) => bail!("GATEWAY_TLS_CERT is given without GATEWAY_TLS_KEY"),
            (None, Some(_)) => bail!("GATEWAY_TLS_KEY is given without GATEWAY_TLS_CERT"),
        };
        let read = files.read()?;
        let (current, seen) = (RwLock::new(read.config()?), RwLock::new(read.digest()));
        let look = Duration::from_millis(settings.gateway_tls_look_ms);
        Ok(Some(Arc::new(Self { files, look, current, seen })))
    }

    /// For the next connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone().into()
    }

    /// Looks again and again whether the files have changed; what cannot be used changes nothing.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.look) => {}
            }
            match self.look_again() {
                Ok(false) => {}
                Ok(true) => tracing::info!("a new TLS certificate is used"),
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::error!(error, "the new TLS certificate is not used, the old one stays");
                }
            }
        }
    }

    /// Whether there was something new. Two small files are read; that blocks no longer than a look at their times would.
    fn look_again(&self) -> anyhow::Result<bool> {
        let read = self.files.read();
        // A file that is not there is a change as well, told of once.
        let digest = read.as_ref().map_or([0; 32], Read::digest);
        if std::mem::replace(&mut *self.seen.write().unwrap_or_else(PoisonError::into_inner), digest)
            == digest
        {
            return Ok(false);
        }
        let config = read?.config()?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(true)
    }
}

impl Files {
    fn read(&self) -> anyhow::Result<Read> {
        let certificate = bytes(&self.certificate).context("GATEWAY_TLS_CERT")?;
        let key = bytes(&self.key).context("GATEWAY_TLS_KEY")?;
        Ok(Read { certificate, key })
    }
}

fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let of = || path.display().to_string();
    let length = std::fs::metadata(path).with_context(of)?.len();
    ensure!(length <= LARGEST, "{}: larger than {LARGEST} bytes", path.display());
    std::fs::read(path).with_context(of)
}

/// What is in the files.
struct Read {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Read {
    fn digest(&self) -> [u8; 32] {
        Sha256::new().chain_update(&self.certificate).chain_update(&self.key).finalize().into()
    }

    fn config(&self) -> anyhow::Result<Arc<ServerConfig>> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<_, _>>()
            .context("GATEWAY_TLS_CERT: not PEM")?;
        ensure!(!chain.is_empty(), "GATEWAY_TLS_CERT: no certificate in it");
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| anyhow::anyhow!("GATEWAY_TLS_KEY: no private key in PEM"))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .context("GATEWAY_TLS_CERT and GATEWAY_TLS_KEY")?;
        config.alpn_protocols = vec![H2.to_vec(), HTTP_1_1.to_vec()];
        Ok(Arc::new(config))
    }
}
