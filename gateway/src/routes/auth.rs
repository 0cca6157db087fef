//! Coming in and going out.

use super::{
    Access::{Anyone, SignedIn},
    Route, route,
};
use crate::{
    accounts::{oidc, sign_in},
    document::Doc,
    problem::Kind,
};

const MAILED: &str = "heard; a mail says the rest, and this answer is the same whatever it says";

pub(super) fn routes() -> Vec<Route> {
    let doc = |summary| Doc::new("auth", summary);
    vec![
        route("POST /v1/auth/register", Anyone, sign_in::register)
            .doc(doc("Ask for an account").body::<sign_in::Registration>().reply_empty(202, MAILED)),
        route("POST /v1/auth/verify-email", Anyone, sign_in::verify_email).doc(
            doc("Prove with a mail's token that an address is one's own")
                .body::<sign_in::Mailed>()
                .reply_empty(204, "the account is there, or has its new address"),
        ),
        route("POST /v1/auth/login", Anyone, sign_in::login).doc(
            doc("Sign in")
                .body::<sign_in::Credentials>()
                .reply::<contracts::SignedIn>(200, "the tokens of a new session")
                .problem(Kind::Unauthenticated)
                .problem(Kind::Forbidden),
        ),
        route("GET /v1/auth/oidc/{provider}/start", Anyone, oidc::start).doc(
            doc("Sign in with an account at an OpenID provider")
                .sends("Location")
                .sends("Set-Cookie")
                .reply_empty(302, "to the provider's page, with a cookie for the way back"),
        ),
        route("GET /v1/auth/oidc/{provider}/callback", Anyone, oidc::callback).doc(
            doc("Come back from an OpenID provider, in the same browser")
                .query::<oidc::Back>()
                .header("cookie", true, "as `start` set it")
                .sends("Set-Cookie")
                .reply::<contracts::SignedIn>(200, "the tokens of a new session")
                .reply::<contracts::CodeNeeded>(
                    202,
                    "the account has a second factor: its code is needed, too",
                )
                .problem(Kind::Unauthenticated)
                .problem(Kind::Forbidden),
        ),
        route("POST /v1/auth/oidc/code", Anyone, oidc::code).doc(
            doc("Add the second factor to a sign-in by an OpenID provider")
                .body::<oidc::Code>()
                .reply::<contracts::SignedIn>(200, "the tokens of a new session")
                .problem(Kind::Unauthenticated)
                .problem(Kind::Forbidden),
        ),
        route("POST /v1/auth/refresh", Anyone, sign_in::refresh).doc(
            doc("Exchange a refresh token for new tokens; one that is used twice ends its session")
                .body::<sign_in::Refresh>()
                .reply::<contracts::SignedIn>(200, "the session's next tokens")
                .problem(Kind::Unauthenticated),
        ),
        route("POST /v1/auth/logout", SignedIn, sign_in::logout).doc(
            doc("End this session")
                .reply_empty(204, "none of its tokens is good any more")
                .problem(Kind::InvalidField),
        ),
        route("POST /v1/auth/logout-everywhere", SignedIn, sign_in::logout_everywhere).doc(
            doc("End all sessions of this account").reply_empty(204, "none of their tokens is good any more"),
        ),
        route("POST /v1/auth/forgot-password", Anyone, sign_in::forgot_password).doc(
            doc("Ask for a mail with which a new password can be set")
                .body::<sign_in::Forgotten>()
                .reply_empty(202, MAILED),
        ),
        route("POST /v1/auth/reset-password", Anyone, sign_in::reset_password).doc(
            doc("Set a new password with a mail's token")
                .body::<sign_in::Reset>()
                .reply_empty(204, "it is set, and all sessions have ended"),
        ),
        route("POST /v1/auth/change-password", SignedIn, sign_in::change_password).doc(
            doc("Set a new password with the old one")
                .body::<sign_in::NewPassword>()
                .reply_empty(204, "it is set, and all other sessions have ended")
                .problem(Kind::NotFound)
                .problem(Kind::Conflict),
        ),
        route("POST /v1/auth/change-email", SignedIn, sign_in::change_email).doc(
            doc("Ask for another e-mail address")
                .body::<sign_in::NewEmail>()
                .reply_empty(202, MAILED)
                .problem(Kind::NotFound),
        ),
    ]
}
