//! The rules of accounts: pure.

pub mod account;
pub mod guess;
pub mod letter;
pub mod password;
pub mod picture;
pub mod totp;
