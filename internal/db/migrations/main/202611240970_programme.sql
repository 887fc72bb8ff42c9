-- What an event's page says beyond time and place: one row an event whose
-- organizers said any of it. starts_at is the event's start when they did.
create table programme (
	event_id text primary key references event (id) on delete cascade,
	bring text not null,
	bring_html text not null,
	legal_help text not null,
	offer text not null,
	starts_at {{int}} not null
) {{clustered}};

create table safety_answer (
	event_id text not null references programme (event_id) on delete cascade,
	point text not null,
	answer text not null,
	note text not null,
	primary key (event_id, point)
) {{clustered}};

-- Named blocks of a march. day counts from the event's first; minute is of the
-- local day, -1 when no time is said.
create table contingent (
	event_id text not null references programme (event_id) on delete cascade,
	position {{int}} not null,
	name text not null,
	place text not null,
	day {{int}} not null,
	minute {{int}} not null,
	primary key (event_id, position)
) {{clustered}};

-- How many are needed, never who. name is '' for a role that the program knows.
create table role_need (
	event_id text not null references programme (event_id) on delete cascade,
	position {{int}} not null,
	role text not null,
	name text not null,
	people {{int}} not null,
	primary key (event_id, position)
) {{clustered}};
