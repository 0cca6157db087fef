-- What was made under a caller's own key (Idempotency-Key): the same request again finds it, and makes no other.
create table once (
  -- of the kind of request, the caller and the key
  name       uuid,
  -- goes with the account, where there is one: the hash below is made of what may be personal
  account_id uuid references account on delete cascade,
  -- what was made
  made       uuid not null,
  -- of the request: another one under the same name is refused
  body_hash  text not null,
  -- what an API key is derived from, with the service's own secret; erased with this row, and then nobody can know the key
  salt       text,
  expires_at timestamptz not null,
  -- one thing under a name: of two requests at once the second waits here for the first
  constraint once_one_name primary key (name)
);

create index once_by_end on once (expires_at);
create index once_by_account on once (account_id);
