//! What can be set about identity.

use crate::OidcProviders;
use chassis::Secret;
use clap::Args;
use std::time::Duration;

/// How long tokens live, how passwords are hashed, how mails go out.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Settings {
    /// How long an access token is good, in seconds
    #[arg(long, env = "ACCESS_TOKEN_S", default_value_t = 900, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub access_token_s: u32,
    /// How long a refresh token is good, and with it a session that is not used, in seconds
    #[arg(long, env = "REFRESH_TOKEN_S", default_value_t = 86_400, value_parser = clap::value_parser!(u32).range(60..=2_592_000))]
    pub refresh_token_s: u32,
    /// How long a key signs access tokens before a new one takes its place, in days
    #[arg(long, env = "SIGNING_KEY_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub signing_key_days: u32,
    /// Passwords that are hashed at the same time; each takes a processor and 19 MiB for some 30 ms
    #[arg(long, env = "HASHES_AT_ONCE", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub hashes_at_once: u16,
    /// Passwords that may wait to be hashed; more are refused with 429
    #[arg(long, env = "HASHES_WAITING", default_value_t = 32)]
    pub hashes_waiting: u16,
    /// The mail server: `smtps://user:password@host`, or `smtp://…?tls=required` for STARTTLS; none: mails wait in the
    /// outbox, and `starling mails` shows them
    #[arg(long, env = "SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<Secret>,
    /// Who mails are from
    #[arg(long, env = "MAIL_FROM", default_value = "Starling <no-reply@localhost>")]
    pub mail_from: String,
    /// Where the shop's pages are: mails link to `<SHOP_URL>/verify-email#<token>` and `<SHOP_URL>/reset-password#<token>`
    #[arg(long, env = "SHOP_URL", default_value = "http://localhost:8080")]
    pub shop_url: String,
    /// OpenID providers that people may sign in with, as JSON: `[{"name": "sso", "issuer": "https://…", "client_id": "…"}]`, each
    /// with a `redirect_uri` where it is not `<SHOP_URL>/v1/auth/oidc/<name>/callback`
    #[arg(long, env = "OIDC_PROVIDERS", default_value = "[]")]
    pub oidc_providers: OidcProviders,
    /// The secrets that these providers gave us, as JSON: `{"sso": "…"}`
    #[arg(long, env = "OIDC_SECRETS", hide_env_values = true)]
    pub oidc_secrets: Option<Secret>,
}

impl Default for Settings {
    /// What holds when nothing is said.
    fn default() -> Self {
        Self {
            access_token_s: 900,
            refresh_token_s: 86_400,
            signing_key_days: 30,
            hashes_at_once: 2,
            hashes_waiting: 32,
            smtp_url: None,
            mail_from: "Starling <no-reply@localhost>".to_owned(),
            shop_url: "http://localhost:8080".to_owned(),
            oidc_providers: OidcProviders::default(),
            oidc_secrets: None,
        }
    }
}

impl Settings {
    pub(crate) const fn refresh_token(&self) -> Duration {
        Duration::from_secs(self.refresh_token_s as u64)
    }

    pub(crate) const fn access_token(&self) -> Duration {
        Duration::from_secs(self.access_token_s as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use clap::Parser;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        settings: Settings,
    }

    #[test]
    fn the_defaults_are_those_of_the_flags() {
        let flags = Flags::parse_from(["test"]).settings;
        assert_eq!(format!("{flags:?}"), format!("{:?}", Settings::default()));
    }
}
