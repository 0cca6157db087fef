//! OpenID providers: found by discovery, asked by authorization code with PKCE, believed by their signed tokens alone.

mod http;
mod provider;
mod settings;
mod token;

pub use provider::{Failed, Known, Provider};
pub use settings::OidcProviders;

use crate::settings::Settings;
use contracts::{Refusal, Text, without_values};
use http::Http;
use std::{collections::BTreeMap, time::Duration};

/// How long all questions to a provider may take together, for one answer of ours: less than gateways wait.
pub const PATIENCE: Duration = Duration::from_secs(4);

/// The providers of the settings.
pub struct Providers {
    by_name: BTreeMap<Text<32>, Provider>,
    pub http: Option<Http>,
}

impl Providers {
    pub fn new(settings: &Settings) -> Self {
        let secrets = settings.oidc_secrets.as_ref().map(|secrets| secrets.expose()).unwrap_or("{}");
        let mut secrets: BTreeMap<String, String> = serde_json::from_str(secrets).unwrap_or_else(|error| {
            tracing::error!(error = without_values(&error), "OIDC_SECRETS is not a JSON object of texts");
            BTreeMap::new()
        });
        let providers = settings.oidc_providers.0.iter().map(|one| {
            let secret = secrets.remove(one.name.as_str()).map(chassis::Secret::from);
            (one.name.clone(), Provider::new(one, secret, &settings.shop_url))
        });
        let by_name: BTreeMap<Text<32>, Provider> = providers.collect();
        // Without providers nobody is asked, and nothing need be read from the disk.
        let http = if by_name.is_empty() { None } else { Http::open() };
        Self { by_name, http }
    }

    /// The name of the provider with this issuer, if there is one.
    pub fn name_of(&self, issuer: &str) -> Option<&Text<32>> {
        self.by_name.values().find(|provider| provider.is(issuer)).map(|provider| &provider.name)
    }

    /// The provider of a name, and the way to it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when there is none.
    pub fn get(&self, name: &Text<32>) -> Result<(&Provider, &Http), Refusal> {
        let provider = self.by_name.get(name).ok_or_else(|| Refusal::NotFound { what: "provider".into() })?;
        Ok((provider, self.http.as_ref().ok_or(Refusal::Unavailable)?))
    }
}
