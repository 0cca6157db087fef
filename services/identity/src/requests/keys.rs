//! `req.identity.keys`, `req.identity.rotate_keys` and `req.identity.revoked`

use crate::{
    desk::Desk,
    signer::{self, PUBLISHED_BEFORE},
    store,
};
use chassis::Fault;
use contracts::{
    ACCESS_TOKEN_MAX_S, GetKeys, ListRevoked, MAX_REVOKED, PublicKey, RevokedPage, RotateKeys, Timestamp,
};

/// The keys that tokens may be signed with. The first who asks brings the first key about, so that every gateway has it
/// before the first login.
pub async fn get_keys(desk: Desk, _: GetKeys) -> Result<Vec<PublicKey>, Fault> {
    drop(desk.identity.signer.pen(desk.db(), &desk.identity.keyed).await?);
    signer::published(desk.db()).await
}

/// Makes a new key; it signs when every gateway has it.
pub async fn rotate_keys(desk: Desk, _: RotateKeys) -> Result<PublicKey, Fault> {
    let fresh = signer::fresh(&desk.identity.keyed, desk.now, desk.now.plus(PUBLISHED_BEFORE))?;
    store::keys::insert(&mut *desk.db().acquire().await?, &fresh).await?;
    tracing::info!(kid = fresh.kid, "a new signing key is published, by the operator");
    signer::public_key(fresh)
}

/// The sessions that have ended and whose tokens may still be good.
pub async fn list_revoked(desk: Desk, asked: ListRevoked) -> Result<RevokedPage, Fault> {
    let since = Timestamp::from_millis(desk.now.millis() - ACCESS_TOKEN_MAX_S * 1_000);
    let limit = usize::try_from(MAX_REVOKED).unwrap_or(0);
    let ended = store::sessions::ended(desk.db(), since, asked.after, i64::from(MAX_REVOKED)).await?;
    let next = ended.last().filter(|_| ended.len() == limit).copied();
    let sessions = ended.iter().map(|place| store::sessions::revoked(place.session_id, place.at)).collect();
    Ok(RevokedPage { sessions, next })
}
