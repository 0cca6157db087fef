//! An account.

use contracts::{
    CustomerId, Email, MessageId, Preferences, Role, Text, Timestamp, UserChanged, UserDeleted, UserStatus,
    UserView,
};

/// Stands in for a hash where there is no password: of who comes in by an OpenID provider. It fits nothing; a mail lets its
/// owner set one.
pub const NO_PASSWORD: &str = "!";

/// An account as it is stored. `Debug` is missing on purpose: all of it is secret or personal.
#[derive(Clone)]
pub struct Account {
    pub id: CustomerId,
    pub email: Email,
    pub name: Option<Text<200>>,
    /// A hash.
    pub password: String,
    pub role: Role,
    pub status: UserStatus,
    pub preferences: Preferences,
    /// What the secret of the second factor is derived from.
    pub totp_salt: Option<String>,
    /// Whether login asks for it.
    pub totp_on: bool,
    /// The time step of the newest code that was used.
    pub totp_step: i64,
    pub created_at: Timestamp,
    pub version: i64,
}

impl Account {
    /// The news of this version.
    pub fn news(&self) -> UserChanged {
        UserChanged {
            user_id: self.id,
            email: self.email.clone(),
            role: self.role,
            status: self.status,
            preferences: self.preferences.clone(),
            version: self.version,
        }
    }

    /// What its owner and admins see.
    pub fn view(&self) -> UserView {
        UserView {
            user_id: self.id,
            email: self.email.clone(),
            name: self.name.clone(),
            role: self.role,
            status: self.status,
            second_factor: self.totp_on,
            preferences: self.preferences.clone(),
            created_at: self.created_at,
            version: self.version,
        }
    }

    /// The news of its end.
    pub const fn end(&self) -> UserDeleted {
        UserDeleted { user_id: self.id, version: self.version + 1 }
    }
}

/// The id of the news of a version: the same whoever tells it, and however often.
pub fn event_id(user: CustomerId, version: i64) -> MessageId {
    MessageId::named(&["user", &user.to_string(), &version.to_string()])
}

/// A role as it is stored.
pub const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Customer => "customer",
        Role::Support => "support",
        Role::Admin => "admin",
        Role::Service => "service",
    }
}

/// A status as it is stored.
pub const fn status_word(status: UserStatus) -> &'static str {
    match status {
        UserStatus::Active => "active",
        UserStatus::Suspended => "suspended",
    }
}
