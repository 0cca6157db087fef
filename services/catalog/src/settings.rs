//! What can be set about the catalog.

use clap::{Args, ValueEnum};

/// How prices are meant.
#[derive(Debug, Clone, Default, Args)]
#[group(skip)]
pub struct Settings {
    /// Whether prices have the tax in them, as in Europe, or not, as in the United States
    #[arg(long, env = "CATALOG_PRICES", value_enum, default_value_t = Prices::IncludeTax)]
    pub catalog_prices: Prices,
}

/// Whether the shop's unit prices have the tax in them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Prices {
    /// Tax is a part of the price.
    #[default]
    IncludeTax,
    /// Tax is added to the price.
    ExcludeTax,
}

impl From<Prices> for contracts::Prices {
    fn from(prices: Prices) -> Self {
        match prices {
            Prices::IncludeTax => Self::IncludeTax,
            Prices::ExcludeTax => Self::ExcludeTax,
        }
    }
}
