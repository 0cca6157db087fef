//! Random secrets, and what is kept of them: tokens are long, so a plain hash does; what is short or personal is hashed
//! under the service's own secret, so that a stolen copy of the database tells nothing by trying.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chassis::Secret;
use contracts::Hidden;
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// Bytes of a token: 256 bits, so that nobody guesses one.
const TOKEN: usize = 32;
/// Letters of a recovery code, five bits each.
const RECOVERY: usize = 10;
/// Recovery codes of an account.
pub const RECOVERY_CODES: usize = 10;

/// What a refresh token begins with, so that scanners for lost secrets find it.
pub const REFRESH: &str = "sr_";
/// What a mail's token begins with.
pub const MAILED: &str = "sm_";
/// What an API key begins with.
pub const API_KEY: &str = "sk_";
/// What the state of a sign-in with an OpenID provider begins with.
pub const STATE: &str = "so_";
/// What is in the cookie of a browser that is at an OpenID provider.
pub const BROWSER: &str = "sb_";
/// What a sign-in begins with that lacks only the second factor.
pub const TICKET: &str = "st_";

/// A fresh token.
pub fn token(prefix: &str) -> Hidden {
    let bytes: [u8; TOKEN] = rand::random();
    hidden(format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)))
}

/// What is kept of a token.
pub fn hash(token: &Hidden) -> Vec<u8> {
    Sha256::digest(token.expose().as_bytes()).to_vec()
}

/// A random text that a secret is derived from.
pub fn salt() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 18]>())
}

/// Fresh recovery codes, such as `k7mq2-x4tbz`.
pub fn recovery_codes() -> Vec<Hidden> {
    /// Without those that look alike.
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567890";
    let code = || {
        let bytes: [u8; RECOVERY] = rand::random();
        let letters: Vec<char> =
            bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
        let (first, second) = letters.split_at(RECOVERY / 2);
        hidden(first.iter().chain(['-'].iter()).chain(second).collect())
    };
    (0..RECOVERY_CODES).map(|_| code()).collect()
}

/// The service's own secret and all that follows from it.
pub struct Keyed(Secret);

impl Keyed {
    pub const fn new(own: Secret) -> Self {
        Self(own)
    }

    /// What is kept of a recovery code, however it was typed.
    pub fn recovery(&self, account: uuid::Uuid, code: &str) -> String {
        let typed: String =
            code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        self.hash("recovery", &format!("{account} {typed}"))
    }

    /// Stands for a network address.
    pub fn place(&self, from: IpAddr) -> String {
        self.hash("place", &whole_net(from))
    }

    /// Stands for whatever tries are counted by.
    pub fn guess(&self, what: &str) -> String {
        self.hash("guess", what)
    }

    /// The secret of a second factor: 160 bits, as RFC 4226 (4, R6) recommends.
    pub fn totp(&self, salt: &str) -> Vec<u8> {
        let mut bytes = self.bytes("totp", salt);
        bytes.truncate(20);
        bytes
    }

    /// The nonce of a sign-in with an OpenID provider.
    pub fn nonce(&self, state: &str) -> String {
        self.hash("oidc nonce", state)
    }

    /// Its verifier (RFC 7636): nobody else has it, so nobody else can use its code.
    pub fn verifier(&self, state: &str) -> String {
        self.hash("oidc verifier", state)
    }

    /// An API key that can be known again as long as the salt is kept.
    pub fn api_key(&self, salt: &str) -> Hidden {
        hidden(format!("{API_KEY}{}", BASE64_URL_SAFE_NO_PAD.encode(self.bytes("api key", salt))))
    }

    /// The seed of a signing key.
    pub fn seed(&self, kid: &str) -> Vec<u8> {
        self.bytes("jwt", kid)
    }

    fn bytes(&self, purpose: &str, text: &str) -> Vec<u8> {
        let hex = self.hash(purpose, text);
        let pairs = hex.as_bytes().chunks_exact(2);
        pairs
            .map(|pair| std::str::from_utf8(pair).map_or(0, |hex| u8::from_str_radix(hex, 16).unwrap_or(0)))
            .collect()
    }

    fn hash(&self, purpose: &str, text: &str) -> String {
        self.0.for_purpose(&format!("{purpose}:{text}")).expose().to_owned()
    }
}

/// Who has one IPv6 address has all of its /64: they count as one.
fn whole_net(from: IpAddr) -> String {
    match from.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

fn hidden(text: String) -> Hidden {
    Hidden::try_from(text).expect("neither empty nor long")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_256_random_bits_and_recovery_codes_are_read_however_they_are_typed() {
        let (one, other) = (token(REFRESH), token(REFRESH));
        assert!(one.expose().starts_with("sr_") && one.expose().len() == 46 && one != other);
        let keyed = Keyed::new(Secret::from("own".to_owned()));
        let account = uuid::Uuid::nil();
        let code = &recovery_codes()[0];
        let typed = code.expose().to_uppercase().replace('-', " ");
        assert_eq!(keyed.recovery(account, code.expose()), keyed.recovery(account, &typed));
        assert_ne!(keyed.recovery(account, code.expose()), keyed.recovery(uuid::Uuid::max(), &typed));
    }

    #[test]
    fn addresses_of_one_net_are_one_place() {
        let keyed = Keyed::new(Secret::from("own".to_owned()));
        let place = |text: &str| keyed.place(text.parse().unwrap());
        assert_eq!(place("2001:db8:1:2:3::1"), place("2001:db8:1:2::9"));
        assert_ne!(place("2001:db8:1:2::1"), place("2001:db8:1:3::1"));
        assert_eq!(place("::ffff:192.0.2.1"), place("192.0.2.1"));
        assert_ne!(place("192.0.2.1"), place("192.0.2.2"));
        assert_eq!((keyed.seed("a").len(), keyed.totp("a").len()), (32, 20));
        let key = keyed.api_key("a");
        assert_eq!((key.expose().len(), &key), (token(API_KEY).expose().len(), &keyed.api_key("a")));
        assert_ne!(key, keyed.api_key("b"));
    }
}
