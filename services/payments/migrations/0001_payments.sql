-- The money of each order: what is owed, what was tried, what came in, what went back.
--
-- There are no foreign keys between these tables: all rows of an order are written under the lock of its payment
-- row, in one transaction, by the one function that knows the rules; a key would only cost a look-up per row.

create table payment (
  order_id       uuid primary key,
  -- null until order.created or order.cancelled is known
  customer_id    uuid,
  state          text    not null,
  -- what order.created said; all null until it is known
  currency       text,
  total          bigint,
  method         text,
  token          text,
  on_decline     text,
  -- what else is known
  reserved       boolean not null,
  held           boolean not null,
  cancelled      boolean not null,
  -- without surplus, in minor units; by which attempt
  captured       bigint  not null,
  captured_by    integer,
  -- refunds of the captured amount: open and succeeded; succeeded only
  counted        bigint  not null,
  refunded       bigint  not null,
  -- number of the last attempt; numbers of rows in refund and webhook_event, so that most batches need not look
  attempts       integer not null,
  refunds        integer not null,
  webhooks       integer not null,
  -- another way to pay, which begins once the pending attempt is voided
  waiting_command uuid,
  waiting_method  text,
  waiting_token   text,

  constraint payment_state_known check (state in
    ('owes', 'ready', 'charging', 'pending', 'captured', 'declined', 'voided', 'refunding', 'refunded')),
  -- order.created brings all of it or nothing
  constraint payment_bill_whole check (
    (currency is null) = (total is null) and (currency is null) = (method is null)
    and (currency is null) = (on_decline is null) and (currency is not null or token is null)),
  constraint payment_on_decline_known check (on_decline in ('cancel', 'wait')),
  -- nobody pays before it is known what, and that it can be delivered from stock
  constraint payment_begun_when_due check (attempts = 0 or (currency is not null and reserved and held)),
  -- never more than the order costs: what is beyond is surplus, and goes back
  constraint payment_captured_within_total check (captured between 0 and coalesce(total, 0)),
  constraint payment_captured_by_attempt check (captured = 0 or captured_by is not null),
  -- never more given back than came in, whatever is asked at the same time
  constraint payment_refunds_within_captured check (0 <= refunded and refunded <= counted and counted <= captured),
  -- only a cancelled order's payment is called off for good
  constraint payment_voided_when_cancelled check (state <> 'voided' or cancelled),
  constraint payment_waiting_whole check (
    (waiting_command is null) = (waiting_method is null) and (waiting_command is not null or waiting_token is null))
)
-- a row is inserted by the first event of an order and updated by the next few: leave them room in the page
with (fillfactor = 50);

create table attempt (
  order_id      uuid    not null,
  -- with the order: the idempotency key at the provider, and the last byte of payment.answered's id
  number        integer not null,
  purpose       text    not null,
  method        text    not null,
  token         text,
  amount        bigint  not null,
  currency      text    not null,
  -- what a void, a refund or a look-up is about
  of_attempt    integer,
  -- the command that asked for it, so that the same one again changes nothing
  asked_by      uuid,
  -- the refund's
  reference     text,
  provider_ref  text,
  state         text    not null,
  outcome       text,
  -- how often it was leased to be called
  calls         integer not null default 0,
  first_sent_at timestamptz,
  -- due: when to call; leased: when the lease ends and it is due again
  next_try_at   timestamptz not null default now(),

  constraint attempt_pk primary key (order_id, number),
  -- it has one byte of a message id, and a few numbers are kept for what must be undone
  constraint attempt_number_fits_id check (number between 1 and 250),
  constraint attempt_purpose_known check (purpose in ('charge', 'void', 'refund', 'look_up')),
  -- nothing is charged for a free order
  constraint attempt_amount_positive check (amount > 0),
  constraint attempt_about_another check (
    (purpose = 'charge') = (of_attempt is null) and of_attempt < number),
  constraint attempt_refund_has_reference check ((purpose = 'refund') = (reference is not null)),
  constraint attempt_state_known check (state in ('due', 'leased', 'answered', 'withdrawn')),
  constraint attempt_outcome_known check (outcome in
    ('captured', 'pending', 'declined', 'voided', 'refunded', 'refund_failed', 'not_found')),
  constraint attempt_answered_has_outcome check ((state = 'answered') = (outcome is not null)),
  -- what was sent cannot be withdrawn
  constraint attempt_withdrawn_unsent check (state <> 'withdrawn' or calls = 0)
)
with (fillfactor = 70);

-- What the caller looks through: rows leave it when they are answered.
create index attempt_due on attempt (next_try_at) where state in ('due', 'leased');

-- At most one charge of an order may still bring money: never two at a time.
create unique index attempt_one_charge_open on attempt (order_id)
  where purpose = 'charge' and (state in ('due', 'leased') or outcome = 'pending');

create table refund (
  order_id   uuid    not null,
  -- the client's own, for ever: the same one again gives back nothing more
  reference  text    not null,
  amount     bigint  not null,
  state      text    not null,
  -- the refund's own attempt, and the charge that it is of
  attempt    integer not null,
  of_attempt integer not null,

  constraint refund_reference_unique primary key (order_id, reference),
  constraint refund_amount_positive check (amount > 0),
  constraint refund_state_known check (state in ('open', 'succeeded', 'failed'))
);

create table webhook_event (
  order_id     uuid        not null,
  provider     text        not null,
  -- the provider's own: never acted upon twice
  event_id     text        not null,
  attempt      integer     not null,
  outcome      text        not null,
  provider_ref text,
  -- false: its attempt was not sent yet as far as we know; it is looked at again when that is answered
  matched      boolean     not null,
  at           timestamptz not null,

  -- the order comes first, so that this index also finds an order's events
  constraint webhook_event_unique primary key (order_id, provider, event_id),
  constraint webhook_outcome_known check (outcome in ('captured', 'declined', 'expired'))
);

-- Rows come in the order of time, so a range index of a few pages finds those to forget.
create index webhook_event_at on webhook_event using brin (at);
