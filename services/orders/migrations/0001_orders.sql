-- One row for every order id that was ever heard of.
create table customer_order (
  order_id       uuid primary key,
  -- awaited: an event or a wish to cancel came before the placement (with a wish, it is the tombstone).
  -- alias: the same order once more under one idempotency key; alias_of is the order that it stands for.
  state          text        not null,
  -- when it was placed; until then, when it was first heard of
  placed_at      timestamptz not null,
  -- number of its entries in the timeline
  seq            bigint      not null,
  -- two bytes for each event that was heard: the last two of its message id, type and count
  seen           bytea       not null,
  -- awaited: what came too early, decided once the order is placed
  early          jsonb,
  alias_of       uuid,

  -- what was ordered; written once
  customer_id    uuid,
  currency       text,
  total          bigint,
  on_decline     text,
  lines          jsonb,
  address        jsonb,
  slot           text,
  payment_method text,

  -- how far it is
  deadline       timestamptz,
  reserved       boolean     not null default false,
  captured       boolean     not null default false,
  scheduled      boolean     not null default false,
  -- who wanted it back after it was confirmed
  cancel_wanted  text,
  -- why that came too late; told once
  cancel_refused text,
  reason         jsonb,
  -- when the timer looks at it next; null: nothing to wait for
  next_sweep_at  timestamptz,

  constraint customer_order_state_known check (state in ('awaited', 'alias', 'placed', 'stock_reserved', 'paid',
    'confirmed', 'dispatched', 'completed', 'cancelled')),
  -- Only what is not placed yet may lack what a placement says.
  constraint customer_order_placed_is_whole check (state in ('awaited', 'alias') or (customer_id is not null
    and currency is not null and total is not null and on_decline is not null and lines is not null
    and deadline is not null)),
  constraint customer_order_alias_has_original check ((state = 'alias') = (alias_of is not null)),
  -- An alias of itself would be followed for ever.
  constraint customer_order_alias_of_another check (alias_of <> order_id),
  constraint customer_order_cancelled_has_reason check ((state = 'cancelled') = (reason is not null)),
  -- Confirmed means: set aside, paid, and booked with the carrier.
  constraint customer_order_confirmed_has_all_marks check (state not in ('confirmed', 'dispatched', 'completed')
    or (reserved and captured and scheduled)),
  -- An open order without a timer would never expire, and no watchdog would see it.
  constraint customer_order_open_is_swept check (state not in ('placed', 'stock_reserved', 'paid')
    or next_sweep_at is not null),
  constraint customer_order_total_in_range check (total between 0 and 10000000000000),
  constraint customer_order_on_decline_known check (on_decline in ('cancel', 'wait')),
  constraint customer_order_cancel_wanted_known check (cancel_wanted in ('customer', 'admin')),
  constraint customer_order_cancel_refused_known check (cancel_refused in ('dispatched', 'completed')),
  constraint customer_order_seq_counts check (seq >= 0)
) with (fillfactor = 50); -- a row is inserted once and updated four times within a second: room for HOT updates

-- A customer's orders, newest first. Neither column ever changes once the order is placed.
create index customer_order_of_customer on customer_order (customer_id, order_id);

-- Open orders, for the timer and the watchdog. An order leaves it once, when it is settled.
create index customer_order_open on customer_order (next_sweep_at) where next_sweep_at is not null;

-- The first use of every idempotency key; its primary key is the rule that a key stands for one order.
create table idempotency (
  customer_id uuid,
  key         text,
  order_id    uuid not null,
  -- SHA-256, hex: tells a retry from another order under the same key
  body_hash   text not null,
  constraint idempotency_key_stands_for_one_order primary key (customer_id, key)
);

-- What happened to an order, as this service learnt of it. No personal data.
-- No foreign key: both rows are written in one transaction, and the check would cost a lock per entry.
create table timeline (
  order_id uuid,
  seq      bigint,
  event    text        not null,
  at       timestamptz not null,
  status   text        not null,
  data     jsonb,
  constraint timeline_one_entry_per_number primary key (order_id, seq),
  constraint timeline_seq_from_one check (seq >= 1)
);

-- This service's own copy of the catalog: the highest version that it heard of.
create table product (
  sku      text    primary key,
  price    bigint  not null,
  currency text    not null,
  active   boolean not null,
  version  bigint  not null,
  constraint product_price_in_range check (price between 0 and 10000000000000)
);
