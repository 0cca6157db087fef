//! `req.identity.list`, `req.identity.change` and `req.identity.history`

use crate::{
    desk::{Desk, News},
    domain::account::{role_word, status_word},
    store,
    store::{
        accounts::Filter,
        sessions::{Which, Why},
    },
};
use chassis::Fault;
use contracts::{
    ChangeUser, GetHistory, HistoryPage, ListUsers, MAX_USERS, Refusal, Role, Text, UserPage, UserStatus,
    UserView,
};

/// Lists accounts, the newest first.
pub async fn list_users(desk: Desk, asked: ListUsers) -> Result<UserPage, Fault> {
    let ListUsers { search, role, status, before, limit } = asked;
    let limit = usize::try_from(page(limit)?).unwrap_or(0);
    // One more than wanted tells whether there is another page.
    let more = i64::try_from(limit + 1).unwrap_or(1);
    let search = search.as_ref().map(Text::as_str);
    let mut users =
        store::accounts::list(desk.db(), Filter { search, role, status, before, limit: more }).await?;
    let is_last = users.len() <= limit;
    users.truncate(limit);
    let next = users.last().filter(|_| !is_last).map(|last| last.user_id);
    Ok(UserPage { users, next })
}

/// Changes another's role or status. Its sessions end, so that no token says what is no longer so.
pub async fn change_user(desk: Desk, asked: ChangeUser) -> Result<UserView, Fault> {
    let ChangeUser { user_id, by, role, status, version } = asked;
    if !by.role.runs_the_shop() {
        return Err(Refusal::Forbidden { why: "only an admin may".to_owned() }.into());
    }
    if by.id == user_id {
        let why = "nobody changes the own role or status; another admin may".to_owned();
        return Err(Refusal::Forbidden { why }.into());
    }
    if role == Some(Role::Service) {
        let why = "programs have API keys, not accounts".to_owned();
        return Err(Refusal::Invalid { field: "role".to_owned(), why }.into());
    }
    let mut tx = desk.db().begin().await?;
    let mut account = desk.lock(&mut tx, user_id).await?;
    if version.is_some_and(|version| version != account.version) {
        return Err(Refusal::Stale { version: account.version }.into());
    }
    let mut what = vec![];
    if let Some(role) = role.filter(|role| *role != account.role) {
        what.push(format!("role: {} → {}", role_word(account.role), role_word(role)));
        account.role = role;
    }
    if let Some(status) = status.filter(|status| *status != account.status) {
        what.push(format!("status: {} → {}", status_word(account.status), status_word(status)));
        account.status = status;
    }
    if what.is_empty() {
        return Ok(account.view());
    }
    for what in what {
        store::history::write(&mut tx, account.id, by, &what, desk.now).await?;
    }
    if account.status == UserStatus::Suspended {
        store::tokens::drop_mailed(&mut tx, account.id).await?;
    }
    let revoked = store::sessions::end(&mut tx, account.id, Which::All, Why::Admin, desk.now).await?;
    let changed = store::accounts::update(&mut tx, &mut account, desk.announce_at()).await?;
    tx.commit().await?;
    desk.tell(News { changed: vec![changed], revoked, ..News::default() }).await;
    Ok(account.view())
}

/// Shows who did what with an account.
pub async fn history(desk: Desk, asked: GetHistory) -> Result<HistoryPage, Fault> {
    let limit = usize::try_from(page(asked.limit)?).unwrap_or(0);
    let more = i64::try_from(limit + 1).unwrap_or(1);
    let mut entries = store::history::list(desk.db(), asked.user_id, asked.before, more).await?;
    let is_last = entries.len() <= limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| !is_last).map(|last| last.number);
    Ok(HistoryPage { entries, next })
}

pub fn page(limit: u32) -> Result<u32, Refusal> {
    if (1..=MAX_USERS).contains(&limit) {
        return Ok(limit);
    }
    Err(Refusal::Invalid { field: "limit".to_owned(), why: format!("from 1 to {MAX_USERS}") })
}
