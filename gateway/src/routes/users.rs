//! Accounts: one's own, others', and programs' keys.

use super::{
    Access::{Admins, RunsTheShop, SeesAll, SignedIn},
    Route, route,
};
use crate::{
    accounts::{addresses, api_keys, identities, me, picture, second_factor, users},
    document::Doc,
    problem::Kind,
};
use contracts::{
    Export, HistoryPage, NewApiKey, Preferences, RecoveryCodes, SavedAddress, TotpSecret, UserPage, UserView,
};

const KEY: &str = "1 to 255 characters; the same key stands for the same thing for a day";

pub(super) fn routes() -> Vec<Route> {
    let doc = |summary| Doc::new("users", summary);
    vec![
        route("GET /v1/users/me", SignedIn, me::show)
            .doc(doc("Show one's account").reply::<UserView>(200, "the account").problem(Kind::NotFound)),
        route("PUT /v1/users/me", SignedIn, me::change).doc(
            doc("Change what one is called")
                .body::<me::Profile>()
                .reply::<UserView>(200, "the account")
                .problem(Kind::NotFound),
        ),
        route("DELETE /v1/users/me", SignedIn, me::delete).doc(
            doc("Delete one's account and all that is personal in it")
                .body::<me::Farewell>()
                .reply_empty(204, "it is gone")
                .problem(Kind::NotFound),
        ),
        route("GET /v1/users/me/export", SignedIn, me::export).doc(
            doc("Everything that is kept about one")
                .reply::<Export>(200, "all of it")
                .problem(Kind::NotFound),
        ),
        route("GET /v1/users/me/preferences", SignedIn, me::preferences).doc(
            doc("Show one's preferences")
                .reply::<Preferences>(200, "the preferences")
                .problem(Kind::NotFound),
        ),
        route("PUT /v1/users/me/preferences", SignedIn, me::prefer).doc(
            doc("Set one's preferences")
                .body::<Preferences>()
                .reply::<Preferences>(200, "the preferences")
                .problem(Kind::NotFound),
        ),
        route("GET /v1/users/me/addresses", SignedIn, addresses::list)
            .doc(doc("List one's addresses").reply::<addresses::Addresses>(200, "the default one first")),
        route("POST /v1/users/me/addresses", SignedIn, addresses::add).doc(
            doc("Save an address")
                .header("Idempotency-Key", false, KEY)
                .body::<addresses::NewAddress>()
                .reply::<SavedAddress>(201, "the address")
                .problem(Kind::NotFound)
                .problem(Kind::Conflict)
                .problem(Kind::KeyReused),
        ),
        route("PUT /v1/users/me/addresses/{id}", SignedIn, addresses::change).doc(
            doc("Change an address")
                .body::<addresses::NewAddress>()
                .reply::<SavedAddress>(200, "the address"),
        ),
        route("DELETE /v1/users/me/addresses/{id}", SignedIn, addresses::delete)
            .doc(doc("Delete an address").reply_empty(204, "it is gone")),
        route("GET /v1/users/me/sessions", SignedIn, me::sessions)
            .doc(doc("List one's sessions").reply::<me::Sessions>(200, "those that have not ended")),
        route("DELETE /v1/users/me/sessions/{id}", SignedIn, me::end_session)
            .doc(doc("End one of one's sessions").reply_empty(204, "none of its tokens is good any more")),
        route("GET /v1/users/me/identities", SignedIn, identities::list).doc(
            doc("List one's accounts at OpenID providers")
                .reply::<identities::Identities>(200, "with which one comes in"),
        ),
        route("DELETE /v1/users/me/identities/{id}", SignedIn, identities::remove).doc(
            doc("Take an account at an OpenID provider away; not the only way to sign in")
                .reply_empty(204, "one does not come in with it any more")
                .problem(Kind::Conflict),
        ),
        route("GET /v1/users/me/avatar", SignedIn, picture::show)
            .doc(doc("Show one's picture").reply_binary("image/*", "the picture").problem(Kind::NotFound)),
        route("POST /v1/users/me/avatar", SignedIn, picture::set).doc(
            doc("Set one's picture: PNG, JPEG or WebP, 512 KiB at most")
                .binary_body("image/*")
                .reply_empty(204, "it is set")
                .problem(Kind::NotFound),
        ),
        route("DELETE /v1/users/me/avatar", SignedIn, picture::take_away)
            .doc(doc("Take one's picture away").reply_empty(204, "it is gone").problem(Kind::NotFound)),
        route("POST /v1/users/me/totp", SignedIn, second_factor::begin).doc(
            doc("Begin a second factor")
                .body::<second_factor::Begin>()
                .reply::<TotpSecret>(200, "a secret for an authenticator app; it counts once it is confirmed")
                .problem(Kind::NotFound)
                .problem(Kind::Conflict),
        ),
        route("POST /v1/users/me/totp/confirm", SignedIn, second_factor::confirm).doc(
            doc("Turn the second factor on")
                .body::<second_factor::Confirmation>()
                .reply::<RecoveryCodes>(200, "codes for when the app is lost, shown this one time")
                .problem(Kind::NotFound)
                .problem(Kind::Conflict),
        ),
        route("DELETE /v1/users/me/totp", SignedIn, second_factor::end).doc(
            doc("Take the second factor away")
                .body::<second_factor::End>()
                .reply_empty(204, "it is gone")
                .problem(Kind::NotFound)
                .problem(Kind::Conflict),
        ),
        route("GET /v1/users", SeesAll, users::list).doc(
            doc("List accounts, the newest first").query::<users::Filter>().reply::<UserPage>(200, "a page"),
        ),
        route("GET /v1/users/{id}", SeesAll, users::show)
            .doc(doc("Show an account").reply::<UserView>(200, "the account")),
        route("PUT /v1/users/{id}", RunsTheShop, users::change).doc(
            doc("Change an account's role or status; its sessions end")
                .body::<users::Change>()
                .reply::<UserView>(200, "the account")
                .problem(Kind::Stale),
        ),
        route("DELETE /v1/users/{id}", RunsTheShop, users::delete)
            .doc(doc("Delete an account").reply_empty(204, "it is gone").problem(Kind::InvalidField)),
        route("GET /v1/users/{id}/history", RunsTheShop, users::history).doc(
            doc("Show who did what with an account")
                .query::<users::Page>()
                .reply::<HistoryPage>(200, "a page, the newest first"),
        ),
        route("GET /v1/api-keys", Admins, api_keys::list).doc(
            doc("List the keys of programs").reply::<api_keys::Keys>(200, "without what makes them keys"),
        ),
        route("POST /v1/api-keys", Admins, api_keys::create).doc(
            doc("Make a key for a program; only people may")
                .header("Idempotency-Key", false, KEY)
                .body::<api_keys::NewKey>()
                .reply::<NewApiKey>(
                    201,
                    "the key, shown this one time, or again under the same `Idempotency-Key`",
                )
                .problem(Kind::KeyReused),
        ),
        route("DELETE /v1/api-keys/{id}", Admins, api_keys::revoke)
            .doc(doc("End a key").reply_empty(204, "it is good no more")),
    ]
}
