//! Answers.

mod addresses;
mod admin;
mod api_keys;
mod avatar;
mod delete;
mod email;
mod export;
mod identities;
mod keys;
mod login;
mod oidc;
mod operator;
mod password;
mod profile;
mod refresh;
mod register;
mod second_factor;
mod sessions;

pub use addresses::{delete_address, list_addresses, save_address};
pub use admin::{change_user, history, list_users};
pub use api_keys::{check_api_key, create_api_key, list_api_keys, revoke_api_key};
pub use avatar::{get_avatar, set_avatar};
pub use delete::delete_user;
pub use email::{change_email, verify_email};
pub use export::export_user;
pub use identities::{list_identities, remove_identity};
pub use keys::{get_keys, list_revoked, rotate_keys};
pub use login::login;
pub use oidc::{finish_oidc, finish_oidc_code, start_oidc};
pub use operator::{list_mails, make_admin};
pub use password::{answer_forgotten, change_password, forgot_password, reset_password};
pub use profile::{get_user, set_preferences, set_profile};
pub use refresh::refresh;
pub use register::register;
pub use second_factor::{confirm_totp, drop_totp, enrol_totp};
pub use sessions::{end_sessions, list_sessions};
