-- What lets programs act for a person. The secret is stored as a hash, and pass
-- is a mark of the passphrase of that time: a new one ends the token.
create table api_token (
	hash {{blob}} primary key,
	id text not null unique,
	person_id text not null references person (id) on delete cascade,
	name text not null,
	scopes text not null,
	pass {{blob}} not null,
	created_day {{int}} not null,
	used_day {{int}} not null,
	expires_at {{int}} not null
) {{clustered}};
create index api_token_person on api_token (person_id);
create index api_token_expiry on api_token (expires_at);

-- Where a group's programs hear of changes. kinds are separated by spaces;
-- failures are deliveries given up one after the other. Nothing secret is
-- stored: the signing key is made from the id and a key of the node.
create table webhook (
	id text primary key,
	group_id text not null references groups (id) on delete cascade,
	url text not null,
	kinds text not null,
	failures {{int}} not null,
	disabled {{bool}} not null,
	created_day {{int}} not null
) {{clustered}};
create index webhook_group on webhook (group_id);

-- What was or is to be sent, for seven days. status is that of the last answer,
-- 0 for none.
create table webhook_delivery (
	id text primary key,
	webhook_id text not null references webhook (id) on delete cascade,
	kind text not null,
	body text not null,
	state text not null,
	tries {{int}} not null,
	status {{int}} not null,
	created_at {{int}} not null,
	tried_at {{int}} not null
) {{clustered}};
create index webhook_delivery_hook on webhook_delivery (webhook_id, id);
create index webhook_delivery_age on webhook_delivery (created_at);
