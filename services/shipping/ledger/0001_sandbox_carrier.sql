-- The sandbox carrier's own books, in a database of its own: what a carrier would know. No addresses.
create table booking (
  -- the shop's idempotency key, '<order>-<attempt>': the same key is the same booking
  key      text primary key,
  state    text not null,
  -- null: refused, or voided before it was booked
  tracking text,
  at       timestamptz not null default now(),

  constraint booking_state_known check (state in ('booked', 'refused', 'voided')),
  constraint booking_booked_has_tracking check (state <> 'booked' or tracking is not null),
  constraint booking_refused_has_none check (state <> 'refused' or tracking is null)
);

-- How often a booking was asked for while the carrier feigned to be down.
create table outage (
  key   text primary key,
  calls int not null
);
