//! Codes of a second factor: TOTP (RFC 6238) with SHA-1, six digits, thirty seconds, as all authenticator apps have it.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// So long a code is shown, in seconds.
const STEP_S: i64 = 30;
/// Steps that a clock may be ahead or behind.
const SKEW: i64 = 1;

/// The step that this code belongs to, if it is one of the present ones and later than the newest that was used.
pub fn step_of(secret: &[u8], code: &str, now_s: i64, newest: i64) -> Option<i64> {
    let present = now_s / STEP_S;
    // All are compared, so that the time does not tell which was the right one.
    let fits = |found, step| if same(&code_at(secret, step), code) { Some(step) } else { found };
    (present - SKEW..=present + SKEW).fold(None, fits).filter(|step| *step > newest)
}

/// The code of a step (RFC 4226, 5.3).
fn code_at(secret: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[hash.len() - 1] & 0x0f);
    let number = u32::from_be_bytes([hash[offset], hash[offset + 1], hash[offset + 2], hash[offset + 3]]);
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// Compares in the same time whatever differs.
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len()
        && one.bytes().zip(other.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

/// Base32 (RFC 4648, 6) without padding.
pub fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    let letter = |five: usize| {
        let value = (0..5).fold(0, |value, at| value << 1 | usize::from(bit(five * 5 + at)));
        char::from(LETTERS[value])
    };
    (0..(bytes.len() * 8).div_ceil(5)).map(letter).collect()
}

/// What an authenticator app reads from a QR code.
pub fn uri(secret: &[u8], account: &str) -> String {
    let account: String = account
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!(
        "otpauth://totp/Starling:{account}?secret={}&issuer=Starling&algorithm=SHA1&digits=6&period={STEP_S}",
        base32(secret)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, its last six digits.
    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step_of(SECRET, code, seconds, 0), Some(seconds / 30), "at {seconds}");
        }
    }

    #[test]
    fn a_code_is_good_once_and_only_about_its_time() {
        let code = "287082";
        assert_eq!(step_of(SECRET, code, 59 + 30, 0), Some(1), "a clock that is behind");
        assert_eq!(step_of(SECRET, code, 59 - 30, 0), Some(1), "a clock that is ahead");
        assert_eq!(step_of(SECRET, code, 59 + 60, 0), None);
        assert_eq!(step_of(SECRET, code, 59, 1), None, "used before");
        for wrong in ["287083", "", "28708", "2870820", "abcdef"] {
            assert_eq!(step_of(SECRET, wrong, 59, 0), None, "{wrong}");
        }
    }

    #[test]
    fn base32_is_that_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn an_address_in_the_uri_is_encoded() {
        let uri = uri(SECRET, "a+b&c@example.org");
        assert!(uri.starts_with("otpauth://totp/Starling:a%2Bb%26c@example.org?secret=GEZDGNBV"), "{uri}");
    }
}
