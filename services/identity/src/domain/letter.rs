//! What mails say. Links carry their token behind `#`, so that it reaches no server's log and no other page.

use std::time::Duration;

/// How long the link of a new account is good.
pub const VERIFY_FOR: Duration = Duration::from_secs(24 * 3_600);
/// How long the link for a new password is good.
pub const RESET_FOR: Duration = Duration::from_secs(3_600);
/// How long the link of a new address is good.
pub const CHANGE_FOR: Duration = Duration::from_secs(24 * 3_600);
/// How long a mail without a link is of use.
pub const NOTICE_FOR: Duration = Duration::from_secs(7 * 24 * 3_600);

/// A mail without its recipient. No `Debug`: it may have a token in it.
pub struct Letter {
    pub subject: &'static str,
    pub body: String,
    /// How long it is of use.
    pub good_for: Duration,
}

fn letter(subject: &'static str, good_for: Duration, body: String) -> Letter {
    Letter { subject, body: format!("{body}\n\nStarling\n"), good_for }
}

/// To who asks for an account.
pub fn verify(shop: &str, token: &str) -> Letter {
    letter(
        "Confirm your e-mail address",
        VERIFY_FOR,
        format!(
            "Hello,\n\nplease confirm that this is your e-mail address; the link is good for a day:\n\n\
             {shop}/verify-email#{token}\n\nIf you did not ask for an account, do nothing."
        ),
    )
}

/// To who has an account already.
pub fn known(shop: &str) -> Letter {
    letter(
        "You already have an account",
        NOTICE_FOR,
        format!(
            "Hello,\n\nsomebody, most likely you, asked for an account with this e-mail address. You have one \
             already. If you forgot the password, set a new one here:\n\n{shop}/forgot-password"
        ),
    )
}

/// To who forgot the password.
pub fn reset(shop: &str, token: &str) -> Letter {
    letter(
        "Set a new password",
        RESET_FOR,
        format!(
            "Hello,\n\nset a new password here; the link is good for an hour, and once:\n\n\
             {shop}/reset-password#{token}\n\nIf you did not ask for this, do nothing: your password stays as it is."
        ),
    )
}

/// To the new address of an account.
pub fn change(shop: &str, token: &str) -> Letter {
    letter(
        "Confirm your new e-mail address",
        CHANGE_FOR,
        format!(
            "Hello,\n\nplease confirm that this is your new e-mail address; the link is good for a day:\n\n\
             {shop}/verify-email#{token}\n\nIf you did not ask for this, do nothing."
        ),
    )
}

/// What an owner is told of, so that nothing happens behind their back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The password is another.
    Password,
    /// Somebody asked for another address.
    EmailAsked,
    /// The address is another; this goes to the old one.
    EmailChanged,
    /// A refresh token was used twice.
    Stolen,
    /// Login asks for a second factor now.
    TotpOn,
    /// Login does not ask for it any more.
    TotpOff,
    /// Its owner came in by an OpenID provider for the first time.
    Linked,
    /// An account at an OpenID provider opens it no more.
    Unlinked,
    /// The account is gone.
    Deleted,
}

/// A mail about something that has happened.
pub fn notice(shop: &str, notice: Notice) -> Letter {
    let (subject, said) = match notice {
        Notice::Password => {
            ("Your password was changed", "your password was changed, and you were signed out elsewhere.")
        }
        Notice::EmailAsked => (
            "Your e-mail address is about to change",
            "somebody who knows your password asked for another e-mail address for your account.",
        ),
        Notice::EmailChanged => {
            ("Your e-mail address was changed", "your account has another e-mail address now.")
        }
        Notice::Stolen => (
            "You were signed out",
            "a session of yours was used in two places at once, as if somebody had copied it; it was ended.",
        ),
        Notice::TotpOn => ("Second factor on", "signing in needs a code of your app from now on."),
        Notice::TotpOff => ("Second factor off", "signing in needs no code any more."),
        Notice::Linked => (
            "Another way to sign in",
            "somebody signed in to your account with an account elsewhere that has this e-mail address, too; from now on \
             that one opens yours.",
        ),
        Notice::Unlinked => (
            "A way to sign in was removed",
            "an account elsewhere opens yours no more. Who comes in with it again, under this e-mail address, links it anew.",
        ),
        Notice::Deleted => {
            ("Your account was deleted", "your account and all personal data in it were deleted.")
        }
    };
    let body =
        format!("Hello,\n\n{said}\n\nIf that was not you, set a new password now:\n\n{shop}/forgot-password");
    letter(subject, NOTICE_FOR, body)
}
