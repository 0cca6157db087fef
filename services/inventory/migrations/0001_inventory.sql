-- Inventory: what the shop has, what is set aside for orders, and every change of what it has.
--
-- Σ movement.quantity of a SKU = stock.on_hand, Σ of the lines of its live reservations = stock.reserved.

-- One row a SKU. A hot SKU's row is written once a batch, again and again: the room in its page lets every new
-- version stay there (a HOT update), so the primary key is not touched.
create table stock (
  -- Compared byte by byte, as the code does: rows are locked in the order of their keys.
  sku      text collate "C" primary key,
  on_hand  bigint not null,
  reserved bigint not null,
  -- Grows with every change; readers of stock.level_changed keep the highest.
  version  bigint not null,
  -- A release or commit of what was never set aside.
  constraint stock_reserved_not_negative check (reserved >= 0),
  -- The shop's first law: what is not there is not sold.
  constraint stock_available_not_negative check (on_hand >= reserved),
  -- Far above any shelf, far below where sums of it could overflow.
  constraint stock_on_hand_in_range check (on_hand <= 1000000000000)
) with (fillfactor = 20);

-- One row an order, and in it all that the order holds: cheaper than a row a line, and never half there.
create table stock_order (
  order_id uuid primary key,
  -- 'reserved': its lines are set aside. 'rejected': something was short, nothing was taken.
  -- 'released': cancelled, and put back. 'committed': it has left the house.
  -- 'tombstone': cancelled before order.created came. 'dispatched': it left before order.created came.
  state    text not null,
  -- {sku: pieces}, one entry a SKU; stays when the hold has ended, as the record of what it was.
  lines    jsonb,
  constraint stock_order_state_known check
    (state in ('reserved', 'rejected', 'released', 'committed', 'tombstone', 'dispatched')),
  -- A hold without lines could never be given back.
  constraint stock_order_lines_with_hold check
    ((state in ('reserved', 'released', 'committed')) = (lines is not null))
) with (fillfactor = 50);

-- The log of every change of stock.on_hand; rows are only ever added.
create table movement (
  id        bigint generated always as identity primary key,
  sku       text collate "C" not null,
  -- Pieces that came or, below zero, went.
  quantity  bigint not null,
  kind      text not null,
  -- Of a receipt or an adjustment: the client's own.
  reference text,
  -- Of a commit.
  order_id  uuid,
  -- Which line of its receipt, adjustment or order, from 0.
  line      integer not null,
  -- Of an adjustment: why, in the client's words.
  reason    text,
  at        timestamptz not null,
  -- Goods come in by receipts and go out by commits; only a count goes both ways.
  constraint movement_direction check (
    case kind when 'receipt' then quantity > 0 when 'commit' then quantity < 0
              when 'adjustment' then quantity <> 0 else false end),
  -- Whoever asks where a piece went finds one answer.
  constraint movement_cause check (
    case kind when 'commit' then order_id is not null and reference is null
              else order_id is null and reference is not null end)
);

-- A reference is booked once, for ever: two receipts under one reference meet at line 0, whatever their SKUs.
create unique index movement_reference_once on movement (kind, reference, line) where reference is not null;

-- An order leaves the house once.
create unique index movement_commit_once on movement (order_id, line) where order_id is not null;
