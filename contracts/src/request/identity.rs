//! What `identity` is asked. Passwords and tokens travel here and nowhere else.

mod admin;
mod me;
mod oidc;
mod sign_in;
mod tokens;

pub use admin::*;
pub use me::*;
pub use oidc::*;
pub use sign_in::*;
pub use tokens::*;
