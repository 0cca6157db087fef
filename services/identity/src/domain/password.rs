//! What may be a password (NIST SP 800-63B, 5.1.1.2): long enough, not one that everybody guesses first, and no other
//! rules, since rules about kinds of characters make passwords worse.

use contracts::{Email, Hidden, Refusal};

/// The shortest, in characters.
pub const SHORTEST: usize = 8;
/// The longest, in characters.
pub const LONGEST: usize = 128;

/// The passwords of at least [`SHORTEST`] characters that head every list of stolen ones, in small letters, without what
/// people put after them.
const COMMON: &[&str] = &[
    "password",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "pa$$word",
    "mypassword",
    "thepassword",
    "changeme",
    "letmein",
    "letmeinnow",
    "qwerty",
    "qwertyui",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjk",
    "asdfghjkl",
    "zxcvbnm",
    "zxcvbnml",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "1qaz2wsx3edc",
    "q1w2e3r4",
    "qazwsxedc",
    "zaq12wsx",
    "abc",
    "abcd",
    "abcdefgh",
    "abcdefghi",
    "iloveyou",
    "ilovegod",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "basketball",
    "superman",
    "batman",
    "spiderman",
    "starwars",
    "trustno",
    "trustno1",
    "whatever",
    "welcome",
    "dragon",
    "monkey",
    "shadow",
    "master",
    "michael",
    "jennifer",
    "jessica",
    "michelle",
    "charlie",
    "liverpool",
    "chelsea",
    "arsenal",
    "internet",
    "computer",
    "samsung",
    "google",
    "administrator",
    "admin",
    "administ",
    "root",
    "guest",
    "default",
    "secret",
    "test",
    "testtest",
    "tester",
    "user",
    "login",
    "hello",
    "hellohello",
    "freedom",
    "corvette",
    "mercedes",
    "maverick",
    "jordan",
    "cookie",
    "pepper",
    "summer",
    "winter",
    "spring",
    "autumn",
    "passwort",
    "motdepasse",
    "contrasena",
    "starling",
];

/// The shortest name of an e-mail address that a password must not contain.
const NAME: usize = 4;

/// Whether this may be the password of the account with this address.
///
/// # Errors
/// [`Refusal::Invalid`], with what is wrong with it.
pub fn check(password: &Hidden, email: &Email) -> Result<(), Refusal> {
    let invalid = |why: String| Err(Refusal::Invalid { field: "password".to_owned(), why });
    let text = password.expose();
    let characters = text.chars().count();
    if !(SHORTEST..=LONGEST).contains(&characters) {
        return invalid(format!("{SHORTEST} to {LONGEST} characters"));
    }
    let small = text.to_lowercase();
    if is_common(&small) || is_pattern(&small) {
        return invalid("one that is guessed first; take a longer or a stranger one".to_owned());
    }
    if email.local().len() >= NAME && small.contains(email.local()) || small.contains(email.as_str()) {
        return invalid("must not contain the e-mail address".to_owned());
    }
    Ok(())
}

/// A common one, with digits and marks before or after it or not.
fn is_common(small: &str) -> bool {
    let bare = small.trim_matches(|c: char| !c.is_alphabetic());
    let letters_end = small.trim_end_matches(|c: char| !c.is_alphanumeric());
    [small, bare, letters_end].iter().any(|text| COMMON.contains(text))
}

/// One character again and again, or characters in the order of the alphabet or of numbers.
fn is_pattern(small: &str) -> bool {
    let steps: Vec<i64> = {
        let codes: Vec<i64> = small.chars().map(|c| i64::from(u32::from(c))).collect();
        codes.windows(2).map(|pair| pair[1] - pair[0]).collect()
    };
    let distinct: std::collections::BTreeSet<char> = small.chars().collect();
    // 1234567890 steps back once.
    let odd = |step: i64| steps.iter().filter(|other| **other != step).count();
    distinct.len() <= 2 || odd(1) <= 1 || odd(-1) <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(password: &str, why: &str) {
        let email = Email::new("maria.gonzalez@example.org").unwrap();
        let refused = check(&Hidden::try_from(password.to_owned()).unwrap(), &email);
        let Err(Refusal::Invalid { field, why: said }) = refused else { panic!("{password} is taken") };
        assert!(field == "password" && said.contains(why), "{password}: {said}");
        assert!(!said.contains(password), "the password is not repeated");
    }

    #[test]
    fn short_long_common_and_personal_ones_are_refused() {
        check_refused("short", "8 to 128");
        check_refused("ßßßßßßß", "8 to 128");
        check_refused(&"x1".repeat(65), "8 to 128");
        for common in [
            "password",
            "Password1!",
            "PASSWORD2026",
            "12345678",
            "1234567890",
            "87654321",
            "aaaaaaaa",
            "abababab",
            "abcdefghij",
            "qwertyuiop",
            "iloveyou!!",
            "1q2w3e4r",
            "Welcome123",
            "admin12345",
        ] {
            check_refused(common, "guessed first");
        }
        check_refused("maria.gonzalez7", "e-mail");
        check_refused("x maria.gonzalez@example.org", "e-mail");
    }

    #[test]
    fn long_ones_are_taken_whatever_their_characters() {
        for good in [
            "correct horse battery",
            "ÄpfelBirnenÜ",
            "tr0ub4dor&3x",
            "  spaces  ",
            "完全に長いパスワード",
            "\u{1f426}\u{1f985}\u{1f99c}\u{1f9a9}\u{1f54a}\u{1f413}\u{1f986}\u{1f9a2}",
        ] {
            let email = Email::new("ann@example.org").unwrap();
            assert_eq!(check(&Hidden::try_from(good.to_owned()).unwrap(), &email), Ok(()), "{good}");
        }
    }
}
