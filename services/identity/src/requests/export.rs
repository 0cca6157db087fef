//! `req.identity.export`

use crate::{
    desk::{Desk, no_account},
    store,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use chassis::Fault;
use contracts::{Avatar, Export, ExportUser};

/// The most entries of the history that are exported.
const HISTORY: i64 = 1_000;

/// Everything that is kept about an account's owner, in one answer. (Where things were sent from, and how often somebody
/// tried to sign in, is kept only as keyed hashes, which say nothing.)
pub async fn export_user(desk: Desk, asked: ExportUser) -> Result<Export, Fault> {
    let (db, id) = (desk.db(), asked.user_id);
    let account = store::accounts::get(db, id).await?.ok_or_else(no_account)?.view();
    let avatar = store::avatars::get(db, id).await?;
    Ok(Export {
        account,
        addresses: store::addresses::list(db, id).await?,
        sessions: store::sessions::list(db, id, desk.now).await?,
        linked: store::oidc::list(&mut *db.acquire().await?, id).await?,
        avatar: avatar
            .map(|(media_type, bytes)| Avatar { media_type, picture: BASE64_STANDARD.encode(bytes) }),
        history: store::history::list(db, id, None, HISTORY).await?,
    })
}
