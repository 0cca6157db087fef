-- Inbox and outbox in one row: an input that comes again finds its row, and the very same outputs are published
-- again under the same ids.
create table journal (
  message_id  uuid primary key,
  -- the messages that followed, complete with headers; null: none
  outputs     bytea,
  -- given up: the output is the dead letter. A redrive replaces the row's outputs and clears this.
  dead        boolean not null default false,
  recorded_at timestamptz not null default now()
);

-- Rows come in the order of time, so a range index of a few pages finds the old ones to trim.
create index journal_recorded_at on journal using brin (recorded_at);

-- Messages that this service gave up on, whole, so that they can be redriven whatever their size.
create table dead_letter (
  message_id uuid primary key,
  subject    text not null,
  stream     text not null,
  sequence   bigint not null,
  headers    jsonb not null,
  body       bytea not null,
  error      text not null,
  at         timestamptz not null default now(),
  redriven   boolean not null default false
);

create index dead_letter_open on dead_letter (at) where not redriven;
