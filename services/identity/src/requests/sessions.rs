//! `req.identity.sessions` and `req.identity.end_sessions`

use crate::{
    desk::{Desk, News},
    store,
    store::sessions::{Which, Why},
};
use chassis::Fault;
use contracts::{EndSessions, Ended, ListSessions, Refusal, SessionView};

/// Lists the sessions that have not ended.
pub async fn list_sessions(desk: Desk, asked: ListSessions) -> Result<Vec<SessionView>, Fault> {
    Ok(store::sessions::list(desk.db(), asked.user_id, desk.now).await?)
}

/// Ends one, or all.
pub async fn end_sessions(desk: Desk, asked: EndSessions) -> Result<Ended, Fault> {
    let which = asked.session_id.map_or(Which::All, Which::One);
    let mut tx = desk.db().begin().await?;
    let revoked = store::sessions::end(&mut tx, asked.user_id, which, Why::Logout, desk.now).await?;
    if revoked.is_empty() && asked.session_id.is_some() {
        return Err(Refusal::NotFound { what: "session".to_owned() }.into());
    }
    tx.commit().await?;
    let ended = revoked.len();
    desk.tell(News { revoked, ..News::default() }).await;
    Ok(Ended { ended })
}
