//! What the modelled chassis needs to know of a service: its rows, how a batch loads and saves them, its real `decide`.

use crate::{broken::Broken, letter::Letter, mutants::Mutant};
use chassis::{Decision, Heard};
use contracts::{MessageEnum, MessageId, Timestamp};
use std::rc::Rc;

/// One of the four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// `orders`.
    Orders,
    /// `inventory`.
    Inventory,
    /// `payments`.
    Payments,
    /// `shipping`.
    Shipping,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Orders, Self::Inventory, Self::Payments, Self::Shipping];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Inventory => "inventory",
            Self::Payments => "payments",
            Self::Shipping => "shipping",
        }
    }
}

/// Rows that a transaction holds, as bits: orders by their number (below 96), then SKUs, slots and products.
pub type Locks = u128;

/// A service.
pub trait Part: Sized + 'static {
    /// Which.
    const SERVICE: Service;
    /// Every state that an order can be in here; [`state`](Self::state) is an index into it.
    const STATES: &'static [&'static str];
    /// What it listens to.
    type Hears: MessageEnum;
    /// What it says.
    type Tells: MessageEnum + std::fmt::Debug;
    /// Its database.
    type Tables;
    /// The rows that a batch touches: the service's own type, with its real rules.
    type Rows;

    /// The letter in this service's words.
    fn heard(letter: &Letter) -> Option<&Heard<Self::Hears>>;
    /// The existing rows that a message locks.
    fn locks(tables: &Self::Tables, letter: &Letter) -> Locks;
    /// What the service's `load` loads for these messages.
    fn load(tables: &Self::Tables, batch: &[Rc<Letter>]) -> Self::Rows;
    /// In which state the message finds its order.
    fn state(rows: &Self::Rows, letter: &Letter) -> usize;
    /// The real rules, bent if a mutant says so.
    fn decide(rows: &mut Self::Rows, heard: &Heard<Self::Hears>, bend: Mutant) -> Decision<Self::Tells>;
    /// What must hold between what was and what will be.
    ///
    /// # Errors
    /// The law that does not.
    fn lawful(before: &Self::Tables, after: &Self::Rows) -> Result<(), Broken>;
    /// Whether a row that is to be inserted is there already: another replica was first, and all is rolled back.
    fn raced(rows: &Self::Rows, tables: &Self::Tables) -> bool;
    /// What the service's `save` writes.
    fn save(rows: &Self::Rows, tables: &mut Self::Tables);
    /// What must hold among the rows, always.
    ///
    /// # Errors
    /// The law that does not.
    fn always(tables: &Self::Tables) -> Result<(), Broken>;
    /// A message is committed; for what the laws keep in mind of it.
    fn committed(_tables: &mut Self::Tables, _letter: &Letter) {}
    /// A fact on its way to all who hear it.
    fn letter(fact: &Self::Tells, id: MessageId, at: Timestamp, order: u8) -> Letter;
}
