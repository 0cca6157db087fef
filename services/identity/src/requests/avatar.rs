//! `req.identity.set_avatar` and `req.identity.avatar`

use crate::{desk::Desk, domain::picture, store};
use base64::{Engine, prelude::BASE64_STANDARD};
use chassis::Fault;
use contracts::{Avatar, GetAvatar, MAX_AVATAR, Refusal, SetAvatar};

/// Sets it, or takes it away.
pub async fn set_avatar(desk: Desk, asked: SetAvatar) -> Result<(), Fault> {
    let bytes =
        asked.picture.map(|picture| BASE64_STANDARD.decode(picture).map_err(|_| no_picture())).transpose()?;
    let picture = match &bytes {
        Some(bytes) if bytes.len() > MAX_AVATAR => return Err(no_picture().into()),
        Some(bytes) => Some((picture::media_type(bytes).ok_or_else(no_picture)?, bytes.as_slice())),
        None => None,
    };
    let mut tx = desk.db().begin().await?;
    desk.lock(&mut tx, asked.user_id).await?;
    store::avatars::set(&mut tx, asked.user_id, picture).await?;
    tx.commit().await?;
    Ok(())
}

/// Shows it.
pub async fn get_avatar(desk: Desk, asked: GetAvatar) -> Result<Avatar, Fault> {
    let avatar = store::avatars::get(desk.db(), asked.user_id).await?;
    let (media_type, bytes) = avatar.ok_or_else(|| Refusal::NotFound { what: "picture".to_owned() })?;
    Ok(Avatar { media_type, picture: BASE64_STANDARD.encode(bytes) })
}

fn no_picture() -> Refusal {
    let why = format!("a PNG, JPEG or WebP picture of at most {MAX_AVATAR} bytes");
    Refusal::Invalid { field: "body".to_owned(), why }
}
