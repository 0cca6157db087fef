//! SQL that copies rows of any table of the flock.

/// How a table's rows are known to be an order's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// `order_id`.
    Order,
    /// `message_id`, which but for its last two bytes is the order's id.
    Message,
    /// `key`, which begins with the order's id as text.
    Ledger,
}

impl Key {
    /// Whether row `r` is that of order `o` (whose messages' ids end with `o.last`).
    pub const fn matches(self) -> &'static str {
        match self {
            Self::Order => "r.order_id = o.order_id",
            Self::Message => "r.message_id between o.order_id and o.last_id",
            Self::Ledger => "r.key between o.order_id::text and o.order_id::text || '~'",
        }
    }

    /// The column that tells one copy's row from another's.
    pub const fn column(self) -> &'static str {
        match self {
            Self::Order => "order_id",
            Self::Message => "message_id",
            Self::Ledger => "key",
        }
    }

    /// A column's value in copy `n` of the template's row `t`.
    pub fn value(self, column: &str) -> String {
        match (self, column) {
            (Self::Order, "order_id") => "bench.id(n, '0000')".into(),
            (Self::Message, "message_id") => {
                "bench.id(n, right(replace(t.message_id::text, '-', ''), 4))".into()
            }
            (Self::Ledger, "key") => "bench.id(n, '0000')::text || substr(t.key, 37)".into(),
            // The client's idempotency key, of a UUID's length.
            (Self::Order, "key") => "md5(n::text)::uuid::text".into(),
            // Customers of a shop of that size, who come back a few times.
            (_, "customer_id") => "md5((n / 5)::text)::uuid".into(),
            (_, "recorded_at" | "placed_at" | "created_at" | "at") => "bench.at(n)".into(),
            (_, other) => format!("t.{other}"),
        }
    }
}

/// Functions that make copy `n`'s order id (or, with another end, its messages' ids) and time. Ids are UUIDv7 whose
/// times begin at `from` and are `step` apart, so that the copies come in index order, as real ones do.
pub const FUNCTIONS: [&str; 3] = [
    "create schema bench",
    "create function bench.at(n bigint) returns timestamptz language sql immutable parallel safe as
       $$ select to_timestamp((FROM_MS + n * STEP_MS) / 1000.0) $$",
    "create function bench.id(n bigint, last text) returns uuid language sql immutable parallel safe as
       $$ select (lpad(to_hex((FROM_MS + n * STEP_MS)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3)
            || '8' || substr(md5(n::text), 4, 3) || substr(md5(n::text), 7, 8) || last)::uuid $$",
];

/// The columns that rows are written with.
pub const COLUMNS: &str = "select column_name::text from information_schema.columns
   where table_schema = 'public' and table_name = $1 and is_generated = 'NEVER' and is_identity = 'NO'
   order by ordinal_position";

/// The templates' rows of a table, with the order's number (`nth`) and the row's turn: which of the order's transactions that
/// hear something writes it.
pub fn take(table: &str, key: Key, turns: usize) -> String {
    let column = if table == "timeline" { "seq" } else { key.column() };
    format!(
        "create unlogged table bench.{table} as
           select o.nth, (1 + (row_number() over w - 1) * {turns} / count(*) over (partition by o.nth))::int as turn, r.*
           from bench.orders o join public.{table} r on {matches}
           window w as (partition by o.nth order by r.{column});
         create index on bench.{table} (nth);
         analyze bench.{table}",
        matches = key.matches(),
    )
}

/// A table: its name, key and columns.
pub type Target<'a> = (&'a str, Key, &'a [String]);

/// Copies `$1` to `$2` of a table's rows, of all turns or of one.
pub fn insert(
    (table, key, columns): Target<'_>,
    others: &[(&str, &str)],
    templates: usize,
    turn: Option<usize>,
) -> String {
    let only = turn.map_or_else(String::new, |turn| format!("where t.turn = {turn}"));
    let value = |column: &String| {
        let other = others.iter().find(|(name, _)| name == column);
        other.map_or_else(|| key.value(column), |(_, value)| (*value).to_owned())
    };
    format!(
        "insert into public.{table} ({}) select {} from generate_series($1::bigint, $2::bigint) n
           join bench.{table} t on t.nth = n % {templates} {only} order by n, t.turn",
        columns.join(", "),
        columns.iter().map(value).collect::<Vec<_>>().join(", "),
    )
}

/// Changes copies `$1` to `$2` of a table's rows.
pub fn change(table: &str, set: &str) -> String {
    format!(
        "update public.{table} set {set}
         where order_id = any (array(select bench.id(n, '0000') from generate_series($1::bigint, $2::bigint) n))"
    )
}

/// Gives copies `$1` to `$2` of a table's rows the values that the templates' have.
pub fn finish((table, key, columns): Target<'_>, templates: usize) -> String {
    let set = columns.iter().filter(|column| *column != key.column());
    let set: Vec<String> = set.map(|column| format!("{column} = {}", key.value(column))).collect();
    format!(
        "update public.{table} r set {} from generate_series($1::bigint, $2::bigint) n
           join bench.{table} t on t.nth = n % {templates}
         where r.order_id = bench.id(n, '0000')",
        set.join(", ")
    )
}

/// Sets aside what copies `$1` to `$2` reserve.
pub fn reserve(templates: usize) -> String {
    format!(
        "update stock s set reserved = s.reserved + u.pieces, version = s.version + 1
         from (select line.key as sku, sum(line.value::bigint) as pieces
               from generate_series($1::bigint, $2::bigint) n
               join bench.stock_order t on t.nth = n % {templates}, jsonb_each_text(t.lines) line
               group by 1 order by 1) u
         where s.sku = u.sku"
    )
}
