//! What an order writes: in which databases and tables, and in which transactions.

use super::schema::Key;

/// One database.
#[derive(Debug)]
pub struct Database {
    /// Its name.
    pub name: &'static str,
    /// Its tables that have rows of an order.
    pub tables: &'static [Table],
    /// The transactions of an order, from the first to the last.
    pub transactions: &'static [Transaction],
    /// Connections that write at once. One where batches would lock the same rows.
    pub lanes: u32,
}

/// A table.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// How its rows are known to be an order's.
    pub key: Key,
}

/// What is written and synced at once, for every order of a batch.
#[derive(Debug)]
pub struct Transaction {
    /// Whether a message led to it: then it also writes the journal, and orders its timeline.
    pub hears: bool,
    /// The rest of it.
    pub steps: &'static [Step],
}

/// A statement.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// New rows; the columns named here have other values than in the end.
    Insert(&'static str, &'static [(&'static str, &'static str)]),
    /// A change on the way.
    Change(&'static str, &'static str),
    /// All columns get the values that they have in the end.
    Finish(&'static str),
    /// The pieces are set aside.
    Reserve,
}

use Step::{Change, Finish, Insert, Reserve};

const fn table(name: &'static str, key: Key) -> Table {
    Table { name, key }
}

const fn hears(steps: &'static [Step]) -> Transaction {
    Transaction { hears: true, steps }
}

/// The outside's own books.
const fn alone(steps: &'static [Step]) -> Transaction {
    Transaction { hears: false, steps }
}

const PLACED: &[(&str, &str)] = &[
    ("state", "'placed'"),
    ("reserved", "false"),
    ("captured", "false"),
    ("scheduled", "false"),
    ("next_sweep_at", "t.deadline"),
];
const OWED: &[(&str, &str)] = &[
    ("state", "'owes'"),
    ("reserved", "false"),
    ("held", "false"),
    ("captured", "0"),
    ("captured_by", "null"),
    ("attempts", "0"),
];
const CHARGE_LEASED: &[(&str, &str)] =
    &[("state", "'leased'"), ("outcome", "null"), ("provider_ref", "null")];
const HELD: &[(&str, &str)] = &[
    ("state", "'held'"),
    ("paid", "false"),
    ("confirmed", "false"),
    ("attempts", "0"),
    ("carrier", "null"),
    ("tracking", "null"),
];
const BOOKING_LEASED: &[(&str, &str)] = &[("state", "'leased'"), ("outcome", "null"), ("tracking", "null")];

const BOOKED: &str = "state = 'scheduled', carrier = 'sandbox', tracking = 'SB0123456789'";

/// All databases. The payment log is MongoDB's, and not here.
pub const DATABASES: &[Database] = &[
    Database {
        name: "orders",
        lanes: 3,
        tables: &[
            table("customer_order", Key::Order),
            table("idempotency", Key::Order),
            table("timeline", Key::Order),
            table("journal", Key::Message),
        ],
        transactions: &[
            // cmd.order.place, stock.reserved, shipment.held, payment.captured, shipment.scheduled
            hears(&[Insert("customer_order", PLACED), Insert("idempotency", &[])]),
            hears(&[Change("customer_order", "state = 'stock_reserved', reserved = true, seq = seq + 1")]),
            hears(&[Change("customer_order", "seq = seq + 1")]),
            hears(&[Change("customer_order", "state = 'paid', captured = true, seq = seq + 1")]),
            hears(&[Finish("customer_order")]),
        ],
    },
    Database {
        name: "inventory",
        lanes: 1,
        tables: &[table("stock_order", Key::Order), table("journal", Key::Message)],
        transactions: &[hears(&[Insert("stock_order", &[]), Reserve])],
    },
    Database {
        name: "payments",
        lanes: 2,
        tables: &[table("payment", Key::Order), table("attempt", Key::Order), table("journal", Key::Message)],
        transactions: &[
            // order.created, stock.reserved, shipment.held, payment.answered
            hears(&[Insert("payment", OWED)]),
            hears(&[Change("payment", "reserved = true")]),
            hears(&[
                Change("payment", "state = 'charging', held = true, attempts = 1"),
                Insert("attempt", CHARGE_LEASED),
            ]),
            hears(&[Finish("payment"), Finish("attempt")]),
        ],
    },
    Database {
        name: "sandbox_provider",
        lanes: 1,
        tables: &[table("charge", Key::Ledger)],
        transactions: &[alone(&[Insert("charge", &[])])],
    },
    Database {
        name: "shipping",
        lanes: 2,
        tables: &[
            table("shipment", Key::Order),
            table("destination", Key::Order),
            table("attempt", Key::Order),
            table("journal", Key::Message),
        ],
        transactions: &[
            // order.created, payment.captured, shipment.answered, order.confirmed
            hears(&[Insert("shipment", HELD), Insert("destination", &[])]),
            hears(&[
                Change("shipment", "state = 'booking', paid = true, attempts = 1"),
                Insert("attempt", BOOKING_LEASED),
            ]),
            hears(&[Finish("attempt"), Change("shipment", BOOKED)]),
            hears(&[Finish("shipment")]),
        ],
    },
    Database {
        name: "sandbox_carrier",
        lanes: 1,
        tables: &[table("booking", Key::Ledger)],
        transactions: &[alone(&[Insert("booking", &[])])],
    },
];
