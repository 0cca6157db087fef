//! What a provider signs: an ID token, believed for what it says only when all of it fits.

use super::provider::Client;
use openidconnect::{
    AccessTokenHash, ClaimsVerificationError, Nonce, OAuth2TokenResponse, SignatureVerificationError,
    TokenResponse,
    core::{CoreIdTokenClaims, CoreJwsSigningAlgorithm as Alg, CoreTokenResponse},
};

#[cfg(test)]
mod tests;

/// Signatures of a key pair: no secret of ours, and never none at all.
const ALGS: [Alg; 9] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
];

/// What is wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    Missing,
    Key,
    Signature,
    Expired,
    Audience,
    Issuer,
    Nonce,
    AccessToken,
    Other,
}

impl Wrong {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "it gives no ID token",
            Self::Key => "its ID token is signed with a key that it does not name",
            Self::Signature => "its ID token's signature is wrong",
            Self::Expired => "its ID token has expired",
            Self::Audience => "its ID token is for somebody else",
            Self::Issuer => "its ID token is of somebody else",
            Self::Nonce => "its ID token answers another sign-in",
            Self::AccessToken => "its access token is not that of its ID token",
            Self::Other => "its ID token is not as it should be",
        }
    }
}

impl From<ClaimsVerificationError> for Wrong {
    fn from(error: ClaimsVerificationError) -> Self {
        match error {
            ClaimsVerificationError::Expired(_) => Self::Expired,
            ClaimsVerificationError::InvalidAudience(_) => Self::Audience,
            ClaimsVerificationError::InvalidIssuer(_) => Self::Issuer,
            ClaimsVerificationError::InvalidNonce(_) => Self::Nonce,
            ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
                Self::Key
            }
            ClaimsVerificationError::SignatureVerification(_) => Self::Signature,
            ClaimsVerificationError::InvalidAuthContext(_)
            | ClaimsVerificationError::InvalidAuthTime(_)
            | ClaimsVerificationError::InvalidSubject(_)
            | ClaimsVerificationError::Other(_)
            | ClaimsVerificationError::Unsupported(_)
            | _ => Self::Other,
        }
    }
}

/// The claims of an ID token: signed by the provider, for us, in answer to this very sign-in, and not expired.
pub(super) fn verified(
    client: &Client,
    tokens: &CoreTokenResponse,
    nonce: &Nonce,
) -> Result<CoreIdTokenClaims, Wrong> {
    let token = tokens.id_token().ok_or(Wrong::Missing)?;
    let verifier = client.id_token_verifier().set_allowed_algs(ALGS);
    let claims = token.claims(&verifier, nonce)?;
    if let Some(expected) = claims.access_token_hash() {
        let algorithm = token.signing_alg().map_err(|_| Wrong::Signature)?;
        let key = token.signing_key(&verifier).map_err(|_| Wrong::Signature)?;
        let hash = AccessTokenHash::from_token(tokens.access_token(), algorithm, key);
        if !hash.is_ok_and(|hash| hash == *expected) {
            return Err(Wrong::AccessToken);
        }
    }
    Ok(claims.clone())
}
