-- Coming in with an account elsewhere (OpenID Connect).

-- Sign-ins that browsers have begun. Verifier (PKCE) and nonce are derived from the service's own secret and the state,
-- which stands here as a hash: a stolen copy of this table finishes nothing.
create table oidc_start (
  -- SHA-256 of the state: good once
  state_hash   bytea primary key,
  -- SHA-256 of what is in the browser's cookie: only who began may finish
  browser_hash bytea not null,
  provider     text not null,
  expires_at   timestamptz not null
);

create index oidc_start_by_end on oidc_start (expires_at);

-- Whose an account elsewhere is. A provider's subjects are its own for ever; addresses change hands.
create table oidc_link (
  issuer     text not null,
  subject    text not null,
  account_id uuid not null references account on delete cascade,
  linked_at  timestamptz not null,
  -- one account here for one there
  constraint oidc_link_one_account primary key (issuer, subject)
);

create index oidc_link_by_account on oidc_link (account_id);

-- Sign-ins that lack only the second factor.
create table oidc_ticket (
  -- SHA-256 of the ticket
  ticket_hash bytea primary key,
  account_id  uuid not null references account on delete cascade,
  provider    text not null,
  expires_at  timestamptz not null
);

create index oidc_ticket_by_account on oidc_ticket (account_id);
create index oidc_ticket_by_end on oidc_ticket (expires_at);
