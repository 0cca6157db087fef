//! Inventory against its laws: as tables, as properties, and on a real Postgres.

mod commands;
mod laws;
mod orders;
mod properties;
mod said;
mod store;
