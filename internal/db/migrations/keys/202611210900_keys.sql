-- One key a scope (an event, a petition), wrapped by the boot key. Deleting the
-- row erases everything sealed under it, in logs and backups too.
create table seal_key (
	scope text primary key,
	wrapped {{blob}} not null,
	created_day {{int}} not null
) {{clustered}};

-- Scopes whose key was destroyed, replayed after a restore.
create table tombstone (
	scope text primary key,
	day {{int}} not null
) {{clustered}};
