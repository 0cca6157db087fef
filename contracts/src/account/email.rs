//! E-mail addresses.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt};

/// The longest address, in bytes (RFC 5321, 4.5.3.1.3, without the angle brackets).
const LONGEST: usize = 254;
/// The longest part before the `@` (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;
/// The longest label of a domain (RFC 1035).
const LONGEST_LABEL: usize = 63;

/// An e-mail address, in small letters. Personal: never in a log.
///
/// By the letter of RFC 5321 the part before the `@` may tell large letters from small ones; no provider does, and
/// people write their own address one way today and another tomorrow. So small letters it is, everywhere. Quoted
/// local parts and address literals are not taken; a domain in another script comes as its `xn--` form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// Not an address that mail could be sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address, such as ann@example.org")]
pub struct NotAnEmail;

impl Email {
    /// Checks and takes an address.
    ///
    /// # Errors
    /// When mail could not be sent to it.
    pub fn new(text: &str) -> Result<Self, NotAnEmail> {
        let text = text.to_ascii_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnEmail)?;
        let good = text.len() <= LONGEST && is_local(local) && is_domain(domain);
        if good { Ok(Self(text)) } else { Err(NotAnEmail) }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

/// A dot-atom (RFC 5322, 3.2.3).
fn is_local(local: &str) -> bool {
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    local.len() <= LONGEST_LOCAL && local.split('.').all(|part| !part.is_empty() && part.bytes().all(atom))
}

/// Two labels or more.
fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.contains('.') && domain.split('.').all(label)
}

impl TryFrom<String> for Email {
    type Error = NotAnEmail;
    fn try_from(text: String) -> Result<Self, NotAnEmail> {
        Self::new(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Debug for Email {
    /// Without the address: it is personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

impl JsonSchema for Email {
    fn schema_name() -> Cow<'static, str> {
        "Email".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "email", "maxLength": LONGEST })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_in_small_letters_and_others_are_not_addresses() {
        for (given, taken) in [
            ("Ann.Other@Example.ORG", "ann.other@example.org"),
            ("a+b@x.io", "a+b@x.io"),
            ("o'neil@xn--bcher-kva.example", "o'neil@xn--bcher-kva.example"),
        ] {
            assert_eq!(Email::new(given).unwrap().as_str(), taken);
        }
        let long = format!("{}@example.org", "x".repeat(65));
        for wrong in [
            "",
            "ann",
            "@example.org",
            "ann@",
            "ann@localhost",
            "a b@example.org",
            "ann@example..org",
            ".ann@example.org",
            "ann.@example.org",
            "a..b@example.org",
            "ann@-example.org",
            "ann@example.org\r\nBcc: eve@example.org",
            "ann@bücher.example",
            "\"ann\"@example.org",
            "ann@[127.0.0.1]",
            "ann@example.org\0",
            "a@b@example.org",
            long.as_str(),
        ] {
            assert_eq!(Email::new(wrong), Err(NotAnEmail), "{wrong:?}");
        }
    }

    #[test]
    fn it_is_not_shown() {
        assert_eq!(format!("{:?}", Email::new("ann@example.org").unwrap()), "Email(…)");
    }
}
