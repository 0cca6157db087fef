//! One provider: where its pages are, and whom its tokens speak of.

use super::{
    http::Http,
    settings::OidcProvider,
    token::{Wrong, verified},
};
use chassis::Secret;
use contracts::{Email, Text, Timestamp};
use openidconnect::{
    AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EmptyAdditionalClaims,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, UserInfoClaims,
    core::{
        CoreClient, CoreGenderClaim, CoreIdTokenClaims, CoreProviderMetadata, CoreResponseType,
        CoreTokenResponse,
    },
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// How long what a provider says of itself is believed. Its keys are asked for earlier when a token names another.
const FRESH: Duration = Duration::from_secs(600);
/// How long a provider that did not answer is left alone; and the shortest time between two looks at its keys.
const REST: Duration = Duration::from_secs(5);

pub(super) type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A provider.
pub struct Provider {
    pub name: Text<32>,
    issuer: IssuerUrl,
    client_id: ClientId,
    secret: Option<Secret>,
    redirect: Option<RedirectUrl>,
    found: Mutex<Found>,
}

/// What discovery found, and when it was last tried. Whoever comes meanwhile waits for it.
#[derive(Default)]
struct Found {
    metadata: Option<Arc<CoreProviderMetadata>>,
    at: Option<Timestamp>,
}

/// Whom a provider let in.
pub struct Known {
    pub issuer: String,
    pub subject: String,
    /// Only if the provider has verified it.
    pub email: Option<Email>,
    pub name: Option<Text<200>>,
}

/// Why nobody came of it. The words are for the log: without a code, a token, a claim.
#[derive(Debug, PartialEq, Eq)]
pub enum Failed {
    /// The provider does not answer, or not as it should.
    Away(&'static str),
    /// The provider, or what it signed, speaks for nobody.
    Refused(&'static str),
}

impl Provider {
    pub(super) fn new(settings: &OidcProvider, secret: Option<Secret>, shop_url: &str) -> Self {
        let usual = || format!("{}/v1/auth/oidc/{}/callback", shop_url.trim_end_matches('/'), settings.name);
        let redirect = settings.redirect_uri.as_ref().map_or_else(usual, ToString::to_string);
        let redirect = RedirectUrl::new(redirect).inspect_err(
            |error| tracing::error!(%error, "SHOP_URL is no URL that browsers could come back to"),
        );
        Self {
            name: settings.name.clone(),
            issuer: IssuerUrl::from_url(settings.issuer.clone()),
            client_id: ClientId::new(settings.client_id.to_string()),
            secret,
            redirect: redirect.ok(),
            found: Mutex::default(),
        }
    }

    /// Whether this is its issuer.
    pub fn is(&self, issuer: &str) -> bool {
        self.issuer.as_str() == issuer
    }

    /// The page to which a browser goes.
    pub async fn page(
        &self,
        http: &Http,
        state: &str,
        nonce: String,
        verifier: String,
        now: Timestamp,
    ) -> Result<String, Failed> {
        let client = self.client(&*self.metadata(http, now, FRESH).await?)?;
        let state = state.to_owned();
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier));
        let (url, _, _) = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                || CsrfToken::new(state),
                || Nonce::new(nonce),
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Ok(url.into())
    }

    /// Exchanges what a browser brought back for the provider's word about who it is.
    pub async fn learn(
        &self,
        http: &Http,
        code: &str,
        nonce: String,
        verifier: String,
        now: Timestamp,
    ) -> Result<Known, Failed> {
        let client = self.client(&*self.metadata(http, now, FRESH).await?)?;
        let tokens = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|_| Failed::Away("it names no token endpoint"))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(http)
            .await
            .map_err(|error| match error {
                RequestTokenError::ServerResponse(_) => Failed::Refused("it does not take the code"),
                RequestTokenError::Request(_) => Failed::Away("its token endpoint does not answer"),
                RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                    Failed::Away("its token endpoint answers with something else")
                }
            })?;
        let nonce = Nonce::new(nonce);
        let claims = match verified(&client, &tokens, &nonce) {
            // It has a new key.
            Err(Wrong::Key) => {
                let client = self.client(&*self.metadata(http, now, REST).await?)?;
                verified(&client, &tokens, &nonce)
            }
            other => other,
        };
        let claims = claims.map_err(|wrong| Failed::Refused(wrong.word()))?;
        let mut known = Known {
            issuer: self.issuer.to_string(),
            subject: claims.subject().to_string(),
            email: email(claims.email().map(|email| email.as_str()), claims.email_verified()),
            name: name(claims.name().and_then(|name| name.get(None)).map(|name| name.as_str())),
        };
        // Providers may leave it out of the token when there is a page for it (OpenID Connect Core, 5.4).
        if claims.email().is_none()
            && let Some(info) = user_info(&client, http, &tokens, &claims).await?
        {
            known.email = email(info.email().map(|email| email.as_str()), info.email_verified());
            known.name =
                known.name.or_else(|| name(info.name().and_then(|name| name.get(None)).map(|n| n.as_str())));
        }
        Ok(known)
    }

    pub(super) fn client(&self, metadata: &CoreProviderMetadata) -> Result<Client, Failed> {
        let secret = self.secret.as_ref().map(|secret| ClientSecret::new(secret.expose().to_owned()));
        let redirect = self.redirect.clone().ok_or(Failed::Away("there is no way back from it"))?;
        let client = CoreClient::from_provider_metadata(metadata.clone(), self.client_id.clone(), secret);
        Ok(client.set_redirect_uri(redirect))
    }

    /// What it says of itself, not older than this.
    async fn metadata(
        &self,
        http: &Http,
        now: Timestamp,
        fresh: Duration,
    ) -> Result<Arc<CoreProviderMetadata>, Failed> {
        let mut found = self.found.lock().await;
        let is_within = |time: Duration| found.at.is_some_and(|at| at.plus(time) > now);
        match &found.metadata {
            Some(metadata) if is_within(fresh) => return Ok(Arc::clone(metadata)),
            None if is_within(REST) => return Err(Failed::Away("it did not answer a moment ago")),
            Some(_) | None => {}
        }
        found.at = Some(now);
        match CoreProviderMetadata::discover_async(self.issuer.clone(), http).await {
            Ok(metadata) => Ok(Arc::clone(found.metadata.insert(Arc::new(metadata)))),
            Err(error) => {
                tracing::warn!(provider = %self.name, %error, "discovery failed");
                // What was known goes on for a while: a provider that is away for a minute has not changed.
                found.metadata.clone().ok_or(Failed::Away("discovery failed"))
            }
        }
    }
}

async fn user_info(
    client: &Client,
    http: &Http,
    tokens: &CoreTokenResponse,
    claims: &CoreIdTokenClaims,
) -> Result<Option<UserInfoClaims<EmptyAdditionalClaims, CoreGenderClaim>>, Failed> {
    // The subject must be the same, or it could be another's page (OpenID Connect Core, 5.3.2).
    let asked = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()));
    let Ok(asked) = asked else { return Ok(None) };
    asked
        .request_async(http)
        .await
        .map(Some)
        .map_err(|_| Failed::Away("its user info endpoint does not answer"))
}

/// An address that the provider has verified.
fn email(said: Option<&str>, verified: Option<bool>) -> Option<Email> {
    said.filter(|_| verified == Some(true)).and_then(|said| Email::new(said).ok())
}

fn name(said: Option<&str>) -> Option<Text<200>> {
    said.and_then(|said| Text::new(said.trim()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_provider_has_verified_is_an_address() {
        let known =
            |verified| email(Some("Ann@Example.org"), verified).map(|email| email.as_str().to_owned());
        assert_eq!(known(Some(true)).as_deref(), Some("ann@example.org"));
        assert_eq!((known(Some(false)), known(None)), (None, None));
        assert!(email(Some("no address"), Some(true)).is_none() && email(None, Some(true)).is_none());
    }
}
