-- What was done last about each traced order, as W3C traceparent: so that calls to the outside and timers, which no
-- message leads to, find the order's trace. Only sampled orders have a row.

create table trail (
  order_id    uuid primary key,
  traceparent text not null,
  noted_at    timestamptz not null default now()
)
-- a row is replaced by the next few messages about its order: leave them room in the page
with (fillfactor = 50);
