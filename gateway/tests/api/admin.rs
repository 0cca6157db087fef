//! The pages of support and admins: their shells, what they ask for, and how they look and feel in a real browser.

mod driver;
mod flock;
mod order_page;
mod pages;
mod shells;
mod sign_in;
mod story;
mod timeline;
