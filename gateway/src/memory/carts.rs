//! Carts in Redis. They are no convenience: without Redis there are none.

use super::{Away, Memory};
use crate::{cart::Cart, hash::sha256};
use contracts::{CartId, CustomerId, OrderId, Text};
use fred::{
    interfaces::{KeysInterface, LuaInterface},
    types::{Expiration, SetOptions},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long it is remembered which cart was made under a key, in seconds.
const KEY_S: i64 = 24 * 3_600;
/// How long a customer's cart is kept after it was last written, in seconds.
const CUSTOMER_S: i64 = 30 * 24 * 3_600;
/// The same for one that is nobody's.
const NOBODY_S: i64 = 7 * 24 * 3_600;

/// Writes a cart if its version is the expected one (-1: whatever it is), and answers with the version now: below
/// zero, less one, if it was another.
const WRITE: &str = "
local text = redis.call('GET', KEYS[1])
local version = text and cjson.decode(text).version or 0
if ARGV[1] ~= '-1' and tonumber(ARGV[1]) ~= version then return -version - 1 end
redis.call('SET', KEYS[1], '{\"version\":' .. (version + 1) .. ',\"cart\":' .. ARGV[2] .. '}', 'EX', ARGV[3])
return version + 1";

/// Writes what is left of a cart that was bought, if it still has this version.
const BUY: &str = "
local text = redis.call('GET', KEYS[1])
if text and cjson.decode(text).version == tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end";

/// Deletes a cart if it still has this version.
const DELETE: &str = "
local text = redis.call('GET', KEYS[1])
if text and cjson.decode(text).version == tonumber(ARGV[1]) then redis.call('DEL', KEYS[1]) end";

/// Whose cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// A customer's own.
    Customer(CustomerId),
    /// Whoever knows its id.
    Anyone(CartId),
}

impl Whose {
    fn key(self) -> String {
        match self {
            Self::Customer(customer) => format!("cart:of:{customer}"),
            Self::Anyone(cart) => format!("cart:{cart}"),
        }
    }

    const fn kept_s(self) -> i64 {
        match self {
            Self::Customer(_) => CUSTOMER_S,
            Self::Anyone(_) => NOBODY_S,
        }
    }
}

/// A cart as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Grows by one with every change.
    pub version: i64,
    pub cart: Cart,
    /// The order that what was in it became, if nothing was put in since.
    #[serde(default)]
    pub bought: Option<OrderId>,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It has this version now.
    Version(i64),
    /// It was changed meanwhile, and has this version.
    Stale(i64),
}

/// What an idempotency key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Begun {
    pub cart: CartId,
    /// Of the request.
    pub body_hash: Text<64>,
}

impl Begun {
    fn read(text: &str) -> Option<Self> {
        let (cart, body_hash) = text.split_once(' ')?;
        Some(Self { cart: cart.parse().ok()?, body_hash: Text::new(body_hash).ok()? })
    }
}

impl Memory {
    /// Remembers `fresh` under the key, unless the key stands for something already: then that is returned.
    pub async fn claim_cart(&self, key: Uuid, fresh: &Begun) -> Result<Option<Begun>, Away> {
        let text = format!("{} {}", fresh.cart, fresh.body_hash);
        // Who knows a key could have the cart: it stands here only as what it cannot be read from.
        let key = format!("cart:under:{}", sha256(key.as_bytes()));
        let (nx, expire) = (Some(SetOptions::NX), Some(Expiration::EX(KEY_S)));
        let known: Option<String> = self.ask(self.redis.set(key, text, expire, nx, true)).await?;
        Ok(known.as_deref().and_then(Begun::read))
    }

    /// The cart, if there is one. One that an older program wrote otherwise is none.
    pub async fn cart(&self, whose: Whose) -> Result<Option<Kept>, Away> {
        let text: Option<String> = self.ask(self.redis.get(whose.key())).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Writes the cart, if it has the version that is expected.
    pub async fn put_cart(&self, whose: Whose, expected: Option<i64>, cart: &Cart) -> Result<Written, Away> {
        let Ok(text) = serde_json::to_string(cart) else { return Err(Away) };
        let arguments = vec![expected.unwrap_or(-1).to_string(), text, whose.kept_s().to_string()];
        let version: i64 = self.ask(self.redis.eval(WRITE, vec![whose.key()], arguments)).await?;
        Ok(if version < 0 { Written::Stale(-version - 1) } else { Written::Version(version) })
    }

    /// What is left of a cart that became an order, unless it was changed since.
    pub async fn buy_cart(&self, whose: Whose, kept: &Kept, order: OrderId) -> Result<(), Away> {
        let cart = Cart { lines: vec![], codes: vec![], ..kept.cart.clone() };
        let left = Kept { version: kept.version + 1, cart, bought: Some(order) };
        let Ok(text) = serde_json::to_string(&left) else { return Err(Away) };
        let arguments = vec![kept.version.to_string(), text, whose.kept_s().to_string()];
        self.ask(self.redis.eval(BUY, vec![whose.key()], arguments)).await
    }

    /// Deletes the cart, unless it was changed since.
    pub async fn delete_cart(&self, whose: Whose, version: i64) -> Result<(), Away> {
        self.ask(self.redis.eval(DELETE, vec![whose.key()], vec![version.to_string()])).await
    }
}
