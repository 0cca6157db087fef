//! `req.identity.create_api_key`, `req.identity.api_keys`, `req.identity.revoke_api_key` and
//! `req.identity.check_api_key`

use crate::{
    desk::{Desk, News},
    secrets, store,
};
use chassis::{Db, Fault};
use contracts::{
    ApiKeyView, Caller, CheckApiKey, CreateApiKey, CustomerId, KeyHolder, ListApiKeys, Made, NewApiKey, Once,
    Refusal, RevokeApiKey, Role, SessionId,
};
use std::{collections::BTreeSet, time::Duration};
use uuid::Uuid;

/// The longest life of a key, in days.
const LONGEST_DAYS: u16 = 366;
/// The most scopes of a key.
const MOST_SCOPES: usize = 50;
/// The most keys that are listed.
const LISTED: i64 = 1_000;

/// Makes a key. Only people make keys: one that leaked shall not make others.
pub async fn create_api_key(desk: Desk, asked: CreateApiKey) -> Result<Made<NewApiKey>, Fault> {
    let CreateApiKey { by, name, scopes, days, once } = asked;
    only_people(by)?;
    let invalid = |field: &str, why: String| Refusal::Invalid { field: field.to_owned(), why };
    if !(1..=LONGEST_DAYS).contains(&days) {
        return Err(invalid("days", format!("from 1 to {LONGEST_DAYS}")).into());
    }
    let distinct: BTreeSet<_> = scopes.iter().collect();
    if distinct.len() != scopes.len() || scopes.is_empty() || scopes.len() > MOST_SCOPES {
        return Err(invalid("scopes", format!("1 to {MOST_SCOPES}, each once")).into());
    }
    // From a salt, so that who got no answer gets it by asking again; as long as that is kept, which is a day.
    let salt = once.as_ref().map(|_| secrets::salt());
    let key = match &salt {
        Some(salt) => desk.identity.keyed.api_key(salt),
        None => secrets::token(secrets::API_KEY),
    };
    let details = ApiKeyView {
        key_id: SessionId(Uuid::now_v7()),
        name,
        scopes,
        created_by: by.id,
        created_at: desk.now,
        expires_at: desk.now.plus(Duration::from_secs(u64::from(days) * 86_400)),
        revoked_at: None,
        last_used_at: None,
    };
    let mut tx = desk.db().begin().await?;
    if let (Some(once), Some(salt)) = (&once, &salt)
        && let Some(made) = found_again(&desk, &mut tx, once, details.key_id, salt).await?
    {
        return Ok(Made { made, replayed: true });
    }
    store::api_keys::insert(&mut tx, &secrets::hash(&key), &details).await?;
    store::history::write(&mut tx, CustomerId(details.key_id.0), by, "API key made", desk.now).await?;
    tx.commit().await?;
    Ok(Made { made: NewApiKey { key, details }, replayed: false })
}

/// What the same request made before; else what is made now will be found.
async fn found_again(
    desk: &Desk,
    tx: &mut Db,
    once: &Once,
    fresh: SessionId,
    salt: &str,
) -> Result<Option<NewApiKey>, Fault> {
    let claim = store::once::claim(tx, once, None, fresh.0, Some(salt), desk.now);
    let Some(standing) = claim.await? else { return Ok(None) };
    if standing.body_hash != once.body_hash {
        return Err(Refusal::KeyReused.into());
    }
    let made = store::api_keys::get(tx, SessionId(standing.made)).await?;
    let (Some(details), Some(salt)) = (made, standing.salt) else {
        return Err(Fault::Broken("an API key that was made is not there".to_owned()));
    };
    Ok(Some(NewApiKey { key: desk.identity.keyed.api_key(&salt), details }))
}

/// Lists them, without what makes them keys.
pub async fn list_api_keys(desk: Desk, _: ListApiKeys) -> Result<Vec<ApiKeyView>, Fault> {
    Ok(store::api_keys::list(desk.db(), LISTED).await?)
}

/// Ends one; gateways that know it are told.
pub async fn revoke_api_key(desk: Desk, asked: RevokeApiKey) -> Result<(), Fault> {
    only_people(asked.by)?;
    let mut tx = desk.db().begin().await?;
    if !store::api_keys::revoke(&mut tx, asked.key_id, desk.now).await? {
        return Err(Refusal::NotFound { what: "API key".to_owned() }.into());
    }
    store::history::write(&mut tx, CustomerId(asked.key_id.0), asked.by, "API key revoked", desk.now).await?;
    tx.commit().await?;
    let revoked = vec![store::sessions::revoked(asked.key_id, desk.now)];
    desk.tell(News { revoked, ..News::default() }).await;
    Ok(())
}

/// Whose a key is.
pub async fn check_api_key(desk: Desk, asked: CheckApiKey) -> Result<KeyHolder, Fault> {
    let known = store::api_keys::using(desk.db(), &secrets::hash(&asked.key), desk.now).await?;
    let why = || Refusal::Unauthenticated { why: "the API key is unknown, revoked or expired".to_owned() };
    let ApiKeyView { key_id, scopes, expires_at, .. } = known.ok_or_else(why)?;
    Ok(KeyHolder { key_id, scopes, expires_at })
}

fn only_people(by: Caller) -> Result<(), Refusal> {
    if by.role == Role::Admin {
        return Ok(());
    }
    Err(Refusal::Forbidden { why: "this needs the role admin".to_owned() })
}
