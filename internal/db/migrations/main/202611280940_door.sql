-- What was counted at the doors of an event: one row an event that has doors. It
-- stays when the rows that were counted are gone. off says that the event does
-- not take place as planned.
create table door_total (
	event_id text primary key references event (id) on delete cascade,
	starts_at {{int}} not null,
	ends_at {{int}} not null,
	off {{bool}} not null,
	attended {{int}} not null,
	walk_ins {{int}} not null,
	cleared {{bool}} not null
) {{clustered}};
create index door_total_due on door_total (ends_at) where not cleared;

-- A link with which somebody without an account checks people in; hash is of its
-- secret. What was counted with it is among the totals.
create table door (
	event_id text not null references door_total (event_id) on delete cascade,
	number {{int}} not null,
	hash {{blob}} not null,
	name text not null,
	revoked {{bool}} not null,
	attended {{int}} not null,
	walk_ins {{int}} not null,
	primary key (event_id, number)
) {{clustered}};
create unique index door_hash on door (hash);

-- One tap at a door, named after the key of its form, so that it counts once. No
-- time is kept. hash is of the sign-up that came, null for people without one;
-- had_place says that it had a place. people is 0 for a tap that was undone.
create table arrival (
	event_id text not null references door_total (event_id) on delete cascade,
	tap text not null,
	door {{int}} not null,
	hash {{blob}},
	had_place {{bool}} not null,
	people {{int}} not null,
	primary key (event_id, tap),
	foreign key (event_id, door) references door (event_id, number) on delete cascade,
	foreign key (event_id, hash) references attendance (event_id, hash) on delete cascade
) {{clustered}};
create unique index arrival_hash on arrival (event_id, hash);
create index arrival_door on arrival (event_id, door);

-- What one sign-up says of the event afterwards, sealed under the event's key;
-- has_text says that there are words in it.
create table feedback (
	event_id text not null,
	hash {{blob}} not null,
	has_text {{bool}} not null,
	sealed {{blob}} not null,
	primary key (event_id, hash),
	foreign key (event_id, hash) references attendance (event_id, hash) on delete cascade
) {{clustered}};
create index feedback_text on feedback (event_id, hash) where has_text;

-- How many gave which answer; it stays.
create table feedback_total (
	event_id text not null references event (id) on delete cascade,
	question text not null,
	answer text not null,
	people {{int}} not null,
	primary key (event_id, question, answer)
) {{clustered}};
