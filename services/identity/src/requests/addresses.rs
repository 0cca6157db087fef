//! `req.identity.addresses`, `req.identity.save_address` and `req.identity.delete_address`

use crate::{desk::Desk, store};
use chassis::{Db, Fault};
use contracts::{
    AddressId, CustomerId, DeleteAddress, ListAddresses, MAX_ADDRESSES, Made, Once, Refusal, SaveAddress,
    SavedAddress,
};
use uuid::Uuid;

/// Lists them, the default one first.
pub async fn list_addresses(desk: Desk, asked: ListAddresses) -> Result<Vec<SavedAddress>, Fault> {
    Ok(store::addresses::list(desk.db(), asked.user_id).await?)
}

/// Saves a new one, or changes one. There is always a default: the first is it, and what is it stays it until another
/// takes its place.
pub async fn save_address(desk: Desk, asked: SaveAddress) -> Result<Made<SavedAddress>, Fault> {
    let SaveAddress { user_id, address_id, label, is_default, address, once } = asked;
    let mut tx = desk.db().begin().await?;
    desk.lock(&mut tx, user_id).await?;
    let fresh = AddressId(Uuid::now_v7());
    if let (None, Some(once)) = (address_id, once)
        && let Some(saved) = found_again(&desk, &mut tx, user_id, &once, fresh).await?
    {
        return Ok(Made { made: saved, replayed: true });
    }
    let was_default = match address_id {
        Some(id) => store::addresses::is_default(&mut tx, user_id, id).await?.ok_or_else(no_address)?,
        None => {
            let others = store::addresses::count(&mut tx, user_id).await?;
            if usize::try_from(others).is_ok_and(|others| others >= MAX_ADDRESSES) {
                let why = format!("there are {MAX_ADDRESSES} already");
                return Err(Refusal::Conflict { field: "address".to_owned(), why }.into());
            }
            others == 0
        }
    };
    let saved = SavedAddress {
        address_id: address_id.unwrap_or(fresh),
        label,
        is_default: is_default || was_default,
        address,
    };
    if !store::addresses::save(&mut tx, user_id, &saved, address_id.is_none()).await? {
        return Err(no_address().into());
    }
    tx.commit().await?;
    Ok(Made { made: saved, replayed: false })
}

/// What the same request saved before, as it is now; else what is saved now will be found.
async fn found_again(
    desk: &Desk,
    tx: &mut Db,
    user_id: CustomerId,
    once: &Once,
    fresh: AddressId,
) -> Result<Option<SavedAddress>, Fault> {
    let claim = store::once::claim(tx, once, Some(user_id), fresh.0, None, desk.now);
    let Some(standing) = claim.await? else { return Ok(None) };
    if standing.body_hash != once.body_hash {
        return Err(Refusal::KeyReused.into());
    }
    let saved = store::addresses::get(tx, user_id, AddressId(standing.made)).await?;
    // It may have been deleted since.
    saved.map(Some).ok_or_else(|| no_address().into())
}

/// Deletes one.
pub async fn delete_address(desk: Desk, asked: DeleteAddress) -> Result<(), Fault> {
    let mut tx = desk.db().begin().await?;
    desk.lock(&mut tx, asked.user_id).await?;
    if !store::addresses::delete(&mut tx, asked.user_id, asked.address_id).await? {
        return Err(no_address().into());
    }
    tx.commit().await?;
    Ok(())
}

fn no_address() -> Refusal {
    Refusal::NotFound { what: "address".to_owned() }
}
