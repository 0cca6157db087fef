//! The catalog and what is bought from it: listings, search, files, carts, checkout. With `catalog`, `orders` and
//! `inventory` behind the gateway.

mod cache;
mod carts;
mod coupons;
mod files;
mod images;
mod listings;
pub mod world;
