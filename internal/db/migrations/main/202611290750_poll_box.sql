-- Polls whose electorate is ready before they open: when nobody can be added to it any
-- more; 0 is never, or done.
alter table box add column freezes_at {{int}} not null default 0;
create index box_freezes on box (freezes_at) where freezes_at > 0;

-- Why somebody has reservations or blocks, under the hash that their ballot has.
create table box_reason (
	box_id text not null references box (id),
	hash {{blob}} not null,
	salt {{blob}} not null,
	text text not null,
	primary key (box_id, hash)
) {{clustered}};
