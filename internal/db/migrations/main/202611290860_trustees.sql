-- What trustees of a sealed poll said while they made its key; public from its first
-- to its last byte.
create table trustee_run (
	id text primary key,
	form text not null unique,
	proposal_id text not null references poll_proposal (id) on delete cascade,
	box_id text unique references box (id),
	transcript {{blob}} not null,
	day {{int}} not null
) {{strict}};
create index trustee_run_of on trustee_run (proposal_id, id);

-- The transcript of the trustees who keep a box shut. hash is its SHA-256: it belongs
-- to one box.
create table box_trustees (
	box_id text primary key references box (id),
	hash text not null unique,
	transcript {{blob}} not null
) {{strict}};

-- The shares of trustees who have released theirs, as in the node's log.
create table box_share (
	box_id text not null references box (id),
	seat {{int}} not null,
	share {{blob}} not null,
	primary key (box_id, seat)
) {{clustered}};
