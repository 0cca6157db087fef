//! Which providers there are.

use contracts::Text;
use openidconnect::url::{Host, Url};
use serde::Deserialize;
use std::{collections::BTreeSet, str::FromStr};

/// The most providers.
const MOST: usize = 20;

/// Where people may have their accounts: a JSON array, without secrets.
#[derive(Debug, Clone, Default)]
pub struct OidcProviders(pub(crate) Vec<OidcProvider>);

/// One of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OidcProvider {
    /// In the route's path: small letters, digits and hyphens.
    pub name: Text<32>,
    /// Its issuer; `/.well-known/openid-configuration` under it says the rest.
    pub issuer: Url,
    /// Who we are there.
    pub client_id: Text<500>,
    /// Where it sends browsers back to; `<SHOP_URL>/v1/auth/oidc/<name>/callback` when nothing is said.
    #[serde(default)]
    pub redirect_uri: Option<Url>,
}

/// What is wrong with them.
#[derive(Debug, thiserror::Error)]
pub enum NotProviders {
    /// Not JSON, or with other fields.
    #[error("not a JSON array of name, issuer and client_id: {0}")]
    Json(#[from] serde_json::Error),
    /// A name that fits no path, or comes twice.
    #[error("{0}: a name has small letters, digits and hyphens, and comes once")]
    Name(Text<32>),
    /// Anybody on the way could say who somebody is.
    #[error("{0}: an issuer is https, except on this very machine")]
    Insecure(Text<32>),
    /// Too many.
    #[error("more than {MOST}")]
    TooMany,
}

impl FromStr for OidcProviders {
    type Err = NotProviders;
    fn from_str(text: &str) -> Result<Self, NotProviders> {
        let providers: Vec<OidcProvider> = serde_json::from_str(text)?;
        if providers.len() > MOST {
            return Err(NotProviders::TooMany);
        }
        let mut names = BTreeSet::new();
        for OidcProvider { name, issuer, .. } in &providers {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if !name.as_str().chars().all(plain) || !names.insert(name) {
                return Err(NotProviders::Name(name.clone()));
            }
            if !may_be_asked(issuer) {
                return Err(NotProviders::Insecure(name.clone()));
            }
        }
        Ok(Self(providers))
    }
}

/// Whether what comes from there can be believed: by TLS, or from this very machine.
pub(super) fn may_be_asked(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, wrong: Option<&str>) {
        let read = text.parse::<OidcProviders>().err().map(|error| error.to_string());
        match (read, wrong) {
            (None, None) => {}
            (Some(said), Some(wrong)) if said.contains(wrong) => {}
            (said, _) => panic!("{text}: {said:?}"),
        }
    }

    fn one(name: &str, issuer: &str) -> String {
        format!(r#"{{"name":"{name}","issuer":"{issuer}","client_id":"shop"}}"#)
    }

    #[test]
    fn providers_are_named_once_and_asked_by_tls_alone() {
        check("[]", None);
        check(&format!("[{}]", one("sso-1", "https://id.example.org/realm")), None);
        for here in ["http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost:1/"] {
            check(&format!("[{}]", one("sso", here)), None);
        }
        for there in ["http://id.example.org/", "http://127.0.0.1.example.org/", "ftp://localhost/"] {
            check(&format!("[{}]", one("sso", there)), Some("is https"));
        }
        let twice = one("sso", "https://id.example.org");
        check(&format!("[{twice},{twice}]"), Some("comes once"));
        check(&format!("[{}]", one("SSO", "https://id.example.org")), Some("small letters"));
        check(&format!("[{}]", one("a/b", "https://id.example.org")), Some("small letters"));
        let secret = r#"[{"name":"a","issuer":"https://b","client_id":"c","client_secret":"d"}]"#;
        check(secret, Some("unknown field `client_secret`"));
        check(&format!("[{}]", vec![twice.as_str(); 21].join(",")), Some("more than 20"));
    }
}
