-- The sandbox provider's own books: what a bank would know. No service of the flock reads them; the audit does.

create table charge (
  -- the caller's idempotency key, "<order>-<attempt>"; compared byte by byte, so that an order's keys stand together
  key        text collate "C" primary key,
  method     text   not null,
  amount     bigint not null,
  currency   text   not null,
  state      text   not null,
  -- why it was declined
  why        text,
  -- when a pending one is given up
  expires_at timestamptz,
  created_at timestamptz not null default now(),

  constraint charge_amount_positive check (amount > 0),
  constraint charge_state_known check (state in ('captured', 'pending', 'declined', 'voided')),
  constraint charge_why_known check (why in ('declined', 'insufficient_funds', 'expired')),
  constraint charge_declined_says_why check ((state = 'declined') = (why is not null)),
  constraint charge_pending_expires check (state <> 'pending' or expires_at is not null)
);

create table refund (
  -- the caller's idempotency key, of the refund's own attempt
  key        text collate "C" primary key,
  charge_key text   collate "C" not null references charge (key),
  amount     bigint not null,
  state      text   not null,
  -- why it failed
  why        text,
  created_at timestamptz not null default now(),

  constraint refund_amount_positive check (amount > 0),
  constraint refund_state_known check (state in ('refunded', 'failed')),
  constraint refund_failed_says_why check ((state = 'failed') = (why is not null))
);

create index refund_of_charge on refund (charge_key);
