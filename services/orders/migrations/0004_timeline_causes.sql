-- Why each thing happened, and how it came here: for the page that explains an order. Null in rows from before.
-- About 20 bytes more for a row: ids that are made of the order's own are kept as their last two bytes.
alter table timeline
  -- how long after `at` the stream had stored it, and this service took it in; null for what this service tells
  add column stored_ms  integer,
  add column heard_ms   integer,
  -- told because of a command: how long after that was given
  add column cause_ms   integer,
  -- how often it was delivered; null: once
  add column deliveries integer,
  -- message ids: two bytes (type and count) where the rest is the order's, else 16; a command's of another id and its
  -- type: 17
  add column message    bytea,
  add column cause      bytea,
  -- W3C's trace-id
  add column trace      uuid;
