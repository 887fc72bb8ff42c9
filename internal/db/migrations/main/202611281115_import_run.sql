-- Imports that wrote something, so that they can be listed and undone. made and
-- changed count events, removed those that an undo has taken away.
create table import_run (
	id text primary key,
	source_id text not null,
	kind text not null,
	name text not null,
	at {{int}} not null,
	made {{int}} not null,
	changed {{int}} not null,
	removed {{int}} not null
) {{clustered}};

-- The events that an import made or changed, and their sequence after that: an
-- event with another one has been changed since. No foreign key to events:
-- removing one would have to look for its rows here.
create table import_row (
	run_id text not null,
	event_id text not null,
	made {{bool}} not null,
	sequence {{int}} not null,
	primary key (run_id, event_id)
) {{clustered}};
