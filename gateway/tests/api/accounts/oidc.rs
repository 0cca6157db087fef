//! Coming in with an account elsewhere: a browser, a certified OpenID provider on loopback, and all that can be wrong.

use super::{
    browser::{Back, Shop},
    second_factor::{code, now_s},
    world::{PASSWORD, eventually},
};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn somebody_new_gets_an_account_and_finds_it_again() {
    let shop = Shop::open().await;
    let (status, first) = shop.sign_in("ann").await;
    assert_eq!(status, 200, "{first}");
    let me = shop.me(&first).await;
    assert_eq!((&me["email"], &me["role"]), (&json!("ann@example.org"), &json!("customer")), "{me}");
    assert_eq!(me["name"], "Ann Elsewhere");
    let (status, second) = shop.sign_in("ann").await;
    assert_eq!((status, &second["user_id"]), (200, &first["user_id"]), "{second}");
    assert_ne!(second["session_id"], first["session_id"]);
    let (_, other) = shop.sign_in("bob").await;
    assert_ne!(other["user_id"], first["user_id"]);

    // There is no password that opens it, until its owner sets one by mail.
    for password in ["!", PASSWORD] {
        let (status, _) = shop.world.try_login("ann@example.org", password).await;
        assert!(status == 401 || status == 400, "{password}: {status}");
    }
    let email = json!({ "email": "ann@example.org" });
    assert_eq!(shop.world.post("/v1/auth/forgot-password", "", &email).await.0, 202);
    let token = shop.world.mailed_token("ann@example.org", "Set a new password").await;
    let reset = json!({ "token": token, "password": PASSWORD });
    assert_eq!(shop.world.post("/v1/auth/reset-password", "", &reset).await.0, 204);
    assert_eq!(shop.world.try_login("ann@example.org", PASSWORD).await.0, 200);

    let (_, tokens) = shop.sign_in("ann").await;
    let export = shop.export(&tokens).await;
    assert_eq!(export["linked"][0]["subject"], "subject-of-ann", "{export}");
    // All goes with the account.
    let access = tokens["access_token"].as_str().unwrap();
    let leave = json!({ "password": PASSWORD });
    assert_eq!(shop.world.ask(Method::DELETE, "/v1/users/me", access, &leave).await.0, 204);
    let (status, fresh) = shop.sign_in("ann").await;
    assert_eq!(status, 200, "{fresh}");
    assert_ne!(fresh["user_id"], first["user_id"]);
}

#[tokio::test]
async fn an_account_is_linked_only_by_an_address_that_both_sides_have_verified() {
    let shop = Shop::open().await;
    let (_, ann) = shop.world.customer("ann@example.org").await;
    let (status, refused) = shop.sign_in("eve").await;
    assert_eq!(status, 403, "the provider has not verified it: {refused}");
    assert!(refused["detail"].as_str().unwrap().contains("not verified"), "{refused}");
    let mut db = shop.world.database().await;
    let links = "select count(*) from oidc_link";
    assert_eq!(sqlx::query_scalar::<_, i64>(links).fetch_one(&mut db).await.unwrap(), 0);

    let (status, tokens) = shop.sign_in("ann").await;
    assert_eq!((status, tokens["user_id"].as_str()), (200, Some(&*ann)), "{tokens}");
    assert!(
        shop.world.mails("ann@example.org").await.iter().any(|(about, _)| about == "Another way to sign in")
    );
    assert_eq!(shop.world.try_login("ann@example.org", PASSWORD).await.0, 200, "the password stays");
    // By now it is the subject that counts, whatever the address here.
    sqlx::query("update account set email = 'new@example.org'").execute(&mut db).await.unwrap();
    assert_eq!(shop.sign_in("ann").await.1["user_id"].as_str(), Some(&*ann));
    assert_eq!(shop.sign_in("eve").await.0, 403);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_here_too() {
    let shop = Shop::open().await;
    let world = &shop.world;
    let (me, ann) = world.customer("ann@example.org").await;
    let (_, secret) = world.post("/v1/users/me/totp", &me, &json!({ "password": PASSWORD })).await;
    let secret = secret["secret"].as_str().unwrap();
    let confirm = json!({ "code": code(secret, now_s() - 30) });
    assert_eq!(world.post("/v1/users/me/totp/confirm", &me, &confirm).await.0, 200);

    let (status, needed) = shop.sign_in("ann").await;
    assert_eq!((status, &needed["access_token"]), (202, &Value::Null), "{needed}");
    let finish = async |ticket: &Value, code: &str| {
        world.post("/v1/auth/oidc/code", "", &json!({ "ticket": ticket, "code": code })).await
    };
    assert_eq!(finish(&needed["ticket"], "000000").await.0, 401);
    assert_eq!(finish(&json!("st_unknown"), &code(secret, now_s())).await.0, 400);
    let (status, tokens) = finish(&needed["ticket"], &code(secret, now_s())).await;
    assert_eq!((status, tokens["user_id"].as_str()), (200, Some(&*ann)), "{tokens}");
    let (status, again) = finish(&needed["ticket"], &code(secret, now_s() + 30)).await;
    assert_eq!((status, again["field"].as_str()), (400, Some("ticket")), "good once: {again}");

    let (_, late) = shop.sign_in("ann").await;
    let over = "update oidc_ticket set expires_at = now() - interval '1 s'";
    sqlx::query(over).execute(&mut shop.world.database().await).await.unwrap();
    assert_eq!(finish(&late["ticket"], &code(secret, now_s() + 30)).await.0, 400);
}

#[tokio::test]
async fn only_the_browser_that_began_finishes_and_only_once() {
    let shop = Shop::open().await;
    let begun = shop.begun("sso").await;
    let back = shop.signed_in_there(&begun, "ann").await;
    let state = async |back: &Back, why: &str| {
        let (status, answer) = shop.finish(back).await;
        assert_eq!((status, answer["field"].as_str()), (400, Some("state")), "{why}: {answer}");
    };
    // Somebody who is lured to finish another's sign-in (login CSRF) has no cookie, or another one.
    let stranger = shop.begun("sso").await.cookie;
    state(&Back { address: back.address.clone(), cookie: stranger.clone() }, "another browser").await;
    let bare = Back { address: back.address.clone(), cookie: String::new() };
    let (status, answer) = shop.finish(&bare).await;
    assert_eq!((status, answer["field"].as_str()), (400, Some("cookie")), "{answer}");
    let elsewhere = back.address.replace("/sso/", "/other/");
    state(&Back { address: elsewhere, cookie: back.cookie.clone() }, "another provider").await;

    assert_eq!(shop.finish(&back).await.0, 200, "none of that used it up");
    state(&back, "used before").await;

    let begun = shop.begun("sso").await;
    let back = shop.signed_in_there(&begun, "ann").await;
    let over = "update oidc_start set expires_at = now() - interval '1 s'";
    sqlx::query(over).execute(&mut shop.world.database().await).await.unwrap();
    state(&back, "too old").await;
}

#[tokio::test]
async fn a_code_of_another_sign_in_opens_nothing() {
    let shop = Shop::open().await;
    // A code that leaked, brought into a sign-in of the thief's own: the provider wants the verifier (PKCE).
    let stolen = shop.signed_in_there(&shop.begun("sso").await, "ann").await;
    let own = shop.signed_in_there(&shop.begun("sso").await, "bob").await;
    let part = |back: &Back, name: &str| {
        let (_, query) = back.address.split_once('?').unwrap();
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).unwrap().1.into_owned()
    };
    let path = own.address.split('?').next().unwrap();
    let mixed = form_urlencoded::Serializer::new(format!("{path}?"))
        .append_pair("code", &part(&stolen, "code"))
        .append_pair("state", &part(&own, "state"))
        .finish();
    let refused = async |address: String, cookie: &str| {
        let (status, answer) = shop.finish(&Back { address, cookie: cookie.to_owned() }).await;
        assert_eq!(status, 401, "{answer}");
        let said = answer.to_string();
        for secret in [tools::oidc::CLIENT.1, &part(&stolen, "code"), &part(&own, "state")] {
            assert!(!said.contains(secret), "{said}");
        }
    };
    refused(mixed, &own.cookie).await;
    // What the provider says when it let nobody in; and one that is not who was asked (RFC 9207).
    for more in ["error=access_denied&error_description=no", "code=x&iss=https://id.example.org"] {
        let begun = shop.begun("sso").await;
        let (_, state) = begun.page.query_pairs().find(|(key, _)| key == "state").unwrap();
        refused(format!("{path}?state={state}&{more}"), &begun.cookie).await;
    }
}

#[tokio::test]
async fn who_may_not_come_in_does_not_and_who_is_away_is_said_to_be() {
    let shop = Shop::open().await;
    let (status, tokens) = shop.sign_in("ann").await;
    assert_eq!(status, 200, "{tokens}");
    let mut db = shop.world.database().await;
    sqlx::query("update account set status = 'suspended'").execute(&mut db).await.unwrap();
    let (status, refused) = shop.sign_in("ann").await;
    assert_eq!(status, 403, "{refused}");

    assert_eq!(shop.begin("nobody").await.status(), 404);
    assert_eq!(shop.begin("down").await.status(), 503);
    assert_eq!(shop.begin("down").await.status(), 503, "and is left alone for a moment");
    let begun = shop.begun("sso").await;
    let back = shop.signed_in_there(&begun, "bob").await;
    shop.provider.kill().unwrap();
    assert_eq!(shop.finish(&back).await.0, 503);
    // A provider that comes back has new keys: they are asked for when a token names one.
    shop.provider.start_again().unwrap();
    eventually("it is good again", async || {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        shop.sign_in("bob").await.0 == 200
    })
    .await;
}

#[tokio::test]
async fn nothing_of_a_sign_in_is_kept_in_words() {
    let shop = Shop::open().await;
    let begun = shop.begun("sso").await;
    let (_, state) = begun.page.query_pairs().find(|(key, _)| key == "state").unwrap();
    let cookie = begun.cookie.split_once('=').unwrap().1;
    let find = |name: &str| begun.page.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!(find("code_challenge_method"), "S256");
    assert_eq!(find("response_type"), "code");
    let row: String = sqlx::query_scalar("select row_to_json(s)::text from oidc_start s")
        .fetch_one(&mut shop.world.database().await)
        .await
        .unwrap();
    for secret in [&*state, cookie, &find("nonce"), &find("code_challenge")] {
        assert!(!row.contains(secret), "{row}");
    }
}

/// Those that the account is linked to.
async fn identities(shop: &Shop, access: &str) -> Vec<Value> {
    let (status, listed) = shop.world.get("/v1/users/me/identities", access).await;
    assert_eq!(status, 200, "{listed}");
    listed["identities"].as_array().unwrap().clone()
}

async fn remove(shop: &Shop, access: &str, identity: &Value) -> (u16, Value) {
    let path = format!("/v1/users/me/identities/{}", identity["identity_id"].as_str().unwrap());
    shop.world.ask(Method::DELETE, &path, access, &json!({})).await
}

#[tokio::test]
async fn an_account_elsewhere_is_taken_away_unless_it_is_the_only_way_in() {
    let shop = Shop::open().await;
    let world = &shop.world;
    // Ann has a password here.
    let (ann, _) = world.customer("ann@example.org").await;
    assert_eq!(identities(&shop, &ann).await, [] as [Value; 0]);
    assert_eq!(shop.sign_in("ann").await.0, 200);
    let linked = identities(&shop, &ann).await;
    let [one] = linked.as_slice() else { panic!("{linked:?}") };
    assert_eq!(one["subject"], "subject-of-ann", "{one}");
    // Two names of one issuer are one way in.
    assert!(one["provider"] == "sso" || one["provider"] == "other", "{one}");
    // Bob has not.
    let (_, bob) = shop.sign_in("bob").await;
    let bob = bob["access_token"].as_str().unwrap();
    assert_eq!(remove(&shop, bob, one).await.0, 404, "it is another's");
    let his = identities(&shop, bob).await[0].clone();
    let (status, problem) = remove(&shop, bob, &his).await;
    assert_eq!((status, problem["field"].as_str()), (409, Some("identity")), "{problem}");
    assert_eq!(shop.sign_in("bob").await.0, 200, "nothing was taken away");

    assert_eq!(remove(&shop, &ann, one).await.0, 204);
    assert_eq!(remove(&shop, &ann, one).await.0, 404);
    assert_eq!(identities(&shop, &ann).await, [] as [Value; 0]);
    let told = world.mails("ann@example.org").await;
    assert!(told.iter().any(|(about, _)| about == "A way to sign in was removed"), "{told:?}");
    assert_eq!(world.try_login("ann@example.org", PASSWORD).await.0, 200);
    assert_eq!(shop.sign_in("ann").await.0, 200, "linked anew, by the address that both sides have verified");
    assert_eq!(identities(&shop, &ann).await.len(), 1);

    let email = json!({ "email": "bob@example.org" });
    assert_eq!(world.post("/v1/auth/forgot-password", "", &email).await.0, 202);
    let token = world.mailed_token("bob@example.org", "Set a new password").await;
    let reset = json!({ "token": token, "password": PASSWORD });
    assert_eq!(world.post("/v1/auth/reset-password", "", &reset).await.0, 204);
    let bob = world.login("bob@example.org").await.0;
    assert_eq!(remove(&shop, &bob, &his).await.0, 204, "the password is a way in");
}

#[tokio::test]
async fn what_an_account_elsewhere_has_begun_ends_when_it_is_taken_away() {
    let shop = Shop::open().await;
    let world = &shop.world;
    let (me, _) = world.customer("ann@example.org").await;
    let (_, secret) = world.post("/v1/users/me/totp", &me, &json!({ "password": PASSWORD })).await;
    let secret = secret["secret"].as_str().unwrap();
    let confirm = json!({ "code": code(secret, now_s() - 30) });
    assert_eq!(world.post("/v1/users/me/totp/confirm", &me, &confirm).await.0, 200);
    let (status, needed) = shop.sign_in("ann").await;
    assert_eq!(status, 202, "{needed}");
    let one = identities(&shop, &me).await[0].clone();
    assert_eq!(remove(&shop, &me, &one).await.0, 204);
    let finish = json!({ "ticket": needed["ticket"], "code": code(secret, now_s()) });
    let (status, refused) = world.post("/v1/auth/oidc/code", "", &finish).await;
    assert_eq!((status, refused["field"].as_str()), (400, Some("ticket")), "{refused}");
}
