//! The gateway's settings.

use chassis::Secret;
use clap::Args;
use std::{net::SocketAddr, path::PathBuf};

/// What the gateway can be told.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Settings {
    /// Address that the gateway listens on
    #[arg(
        id = "gateway_listen",
        long = "gateway-listen",
        env = "GATEWAY_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub listen: SocketAddr,
    /// Share the address with other gateways on this machine (SO_REUSEPORT), so that a new one can listen before the
    /// old one stops and no connection is refused in between
    #[arg(long, env = "GATEWAY_REUSE_PORT")]
    pub gateway_reuse_port: bool,
    /// File of the TLS certificate (PEM, its chain after it); with it and GATEWAY_TLS_KEY the gateway speaks TLS, and
    /// HTTP/2 to who wants it, and nothing else
    #[arg(long, env = "GATEWAY_TLS_CERT")]
    pub gateway_tls_cert: Option<PathBuf>,
    /// File of the certificate's private key (PEM)
    #[arg(long, env = "GATEWAY_TLS_KEY")]
    pub gateway_tls_key: Option<PathBuf>,
    /// How often the two files are looked at, whether they have changed, in milliseconds
    #[arg(long, env = "GATEWAY_TLS_LOOK_MS", default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub gateway_tls_look_ms: u64,
    /// Web pages of which origins may use the gateway (CORS): exact ones, comma separated, such as
    /// `https://shop.example,http://localhost:3000`; or `*` for all, without credentials. None: none
    #[arg(long, env = "GATEWAY_CORS_ORIGINS", default_value = "")]
    pub gateway_cors_origins: String,
    /// Public keys of who else than identity issues tokens: a JWKS (RFC 7517, Ed25519 only), inline or a file's path
    #[arg(id = "gateway_jwks", long = "gateway-jwks", env = "GATEWAY_JWKS")]
    pub jwks: Option<String>,
    /// Whether tokens of `starling token` are good, which are signed with a key derived from the flock's secret; never with
    /// GATEWAY_JWKS, nor where the flock's secret is not given. Say `false` where the shop is open to the world
    #[arg(
        long,
        env = "GATEWAY_DEVELOPMENT_TOKENS",
        default_value_t = true,
        action = clap::ArgAction::Set
    )]
    pub gateway_development_tokens: bool,
    /// Address of a trace in Grafana or Tempo, with `{trace}` where its id stands: an order's page links to it. None: the id
    /// is shown
    #[arg(long, env = "GATEWAY_TRACE_URL", default_value = "")]
    pub gateway_trace_url: String,
    /// The secret with which the sandbox provider signs its webhooks; none: derived from the flock's secret
    #[arg(
        id = "gateway_webhook_secret",
        long = "gateway-webhook-secret",
        env = "GATEWAY_WEBHOOK_SECRET",
        hide_env_values = true
    )]
    pub webhook_secret: Option<Secret>,
    /// Time for one question to Redis, in milliseconds; after it the gateway goes on without, for a while
    #[arg(long, env = "REDIS_PATIENCE_MS", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub redis_patience_ms: u64,
    /// Requests a second that a customer (or a supporter) may make at one gateway
    #[arg(long, env = "RATE_PER_S", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_per_s: u32,
    /// Requests that a customer may make at once after a pause
    #[arg(long, env = "RATE_BURST", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_burst: u32,
    /// Requests a second, and at once, that an admin or a program of the shop's may make
    #[arg(long, env = "RATE_TRUSTED_PER_S", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_trusted_per_s: u32,
    /// Requests a second without a valid token that may come from one address; twice as many at once
    #[arg(long, env = "RATE_ADDRESS_PER_S", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_address_per_s: u32,
    /// Changes a minute that a customer may make, at all gateways together. Reads, and changes of all others, have no quota
    /// but sixty times their pace and their burst
    #[arg(long, env = "RATE_WRITE_PER_MIN", default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_write_per_min: u32,
    /// Requests a minute about passwords, tokens and codes (`/v1/auth/…`) that one address, or one account, may make at all
    /// gateways together
    #[arg(long, env = "RATE_AUTH_PER_MIN", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_auth_per_min: u32,
    /// Webhooks a minute that may come from one address to all gateways together
    #[arg(long, env = "RATE_WEBHOOK_PER_MIN", default_value_t = 12_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_webhook_per_min: u32,
    /// Networks of the proxies whose `Forwarded` or `X-Forwarded-For` is believed: CIDRs, comma separated, such as
    /// `10.0.0.0/8,fd00::/8`. None: nobody's
    #[arg(long, env = "GATEWAY_TRUSTED_PROXIES", default_value = "")]
    pub gateway_trusted_proxies: String,
    /// Requests under way at once; more are answered 503. Reads may be half of them, signing in and webhooks an eighth each
    #[arg(long, env = "GATEWAY_AT_ONCE", default_value_t = 4_096)]
    pub gateway_at_once: usize,
    /// Event streams and requests with `Prefer: wait` at once; more are answered 503
    #[arg(long, env = "GATEWAY_STREAMS", default_value_t = 4_096)]
    pub gateway_streams: usize,
    /// Connections at once; more wait to be accepted
    #[arg(long, env = "GATEWAY_CONNECTIONS", default_value_t = 8_192)]
    pub gateway_connections: usize,
    /// Connections at once of one address (of IPv6: one /64); more are closed. Proxies that are trusted may have more
    #[arg(long, env = "GATEWAY_CONNECTIONS_PER_ADDRESS", default_value_t = 1_024)]
    pub gateway_connections_per_address: usize,
    /// Time for a request's head from its first byte on, and for a TLS handshake, in milliseconds; then the connection is
    /// cut off
    #[arg(long, env = "GATEWAY_HEAD_MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub gateway_head_ms: u64,
    /// How long a connection may ask for nothing, or take nothing of its answer, in milliseconds; then it ends
    #[arg(long, env = "GATEWAY_IDLE_MS", default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub gateway_idle_ms: u64,
    /// Where pictures are kept: `file:` and a folder, for one gateway or a disk that all share, or `s3://bucket/prefix`. The
    /// place is the flock's alone
    #[arg(long, env = "IMAGES_URL", default_value = "file:.starling/images")]
    pub images_url: String,
    /// How often the pictures are deleted that no listing shows any more, in milliseconds
    #[arg(long, env = "IMAGES_TIDY_MS", default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub images_tidy_ms: u64,
    /// Where S3 is, such as `https://s3.example`; none: AWS
    #[arg(long, env = "AWS_ENDPOINT_URL")]
    pub aws_endpoint_url: Option<String>,
    /// The region of the bucket; none: `us-east-1`
    #[arg(long, env = "AWS_REGION")]
    pub aws_region: Option<String>,
    /// Who asks S3. Without it and the next one, what AWS has for machines: a role, a web identity, the instance's own
    #[arg(long, env = "AWS_ACCESS_KEY_ID")]
    pub aws_access_key_id: Option<String>,
    /// Its secret
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", hide_env_values = true)]
    pub aws_secret_access_key: Option<Secret>,
}

impl Default for Settings {
    /// What holds when nothing is said.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            gateway_reuse_port: false,
            gateway_tls_cert: None,
            gateway_tls_key: None,
            gateway_tls_look_ms: 30_000,
            gateway_cors_origins: String::new(),
            jwks: None,
            gateway_development_tokens: true,
            gateway_trace_url: String::new(),
            webhook_secret: None,
            redis_patience_ms: 100,
            rate_per_s: 50,
            rate_burst: 100,
            rate_trusted_per_s: 100_000,
            rate_address_per_s: 200,
            rate_write_per_min: 3_600,
            rate_auth_per_min: 120,
            rate_webhook_per_min: 12_000,
            gateway_trusted_proxies: String::new(),
            gateway_at_once: 4_096,
            gateway_streams: 4_096,
            gateway_connections: 8_192,
            gateway_connections_per_address: 1_024,
            gateway_head_ms: 10_000,
            gateway_idle_ms: 60_000,
            images_url: "file:.starling/images".to_owned(),
            images_tidy_ms: 60_000,
            aws_endpoint_url: None,
            aws_region: None,
            aws_access_key_id: None,
            aws_secret_access_key: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use clap::{ArgAction, CommandFactory, FromArgMatches, Parser};

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        settings: Settings,
    }

    #[test]
    fn the_defaults_are_those_of_the_flags() {
        // Whoever works with AWS may have its variables.
        let deaf = Flags::command().mut_args(|argument| argument.env(None::<&str>));
        let flags = Flags::from_arg_matches(&deaf.get_matches_from(["test"])).unwrap().settings;
        assert_eq!(format!("{flags:?}"), format!("{:?}", Settings::default()));
    }

    #[test]
    fn each_is_in_the_document_with_its_default() {
        let document = include_str!("../../docs/gateway.md");
        for argument in Flags::command().get_arguments() {
            let Some(variable) = argument.get_env().and_then(|variable| variable.to_str()) else { continue };
            let default = argument.get_default_values().first().and_then(|default| default.to_str());
            let default = match default.filter(|default| !default.is_empty()) {
                Some(default) => format!("`{default}`"),
                None if matches!(argument.get_action(), ArgAction::SetTrue) => "`false`".to_owned(),
                None => "–".to_owned(),
            };
            let row = format!("| `{variable}` | {default} |");
            assert!(document.contains(&row), "docs/gateway.md has no row that begins with {row}");
        }
    }
}
