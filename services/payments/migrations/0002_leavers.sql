-- Customers whose accounts are gone: no more than their ids. Never forgotten, since an order may still come late.
create table leaver (
  customer_id  uuid primary key,
  left_at      timestamptz not null,
  -- when it is looked at next whether something of theirs is over and can be erased
  next_look_at timestamptz not null
);

create index leaver_due on leaver (next_look_at);

-- Their payments.
create index payment_of_customer on payment (customer_id);
