-- Spans of an event that people choose when they sign up: shifts, days, legs of
-- a march. The counters are of people and change with the sign-ups.
create table slot (
	event_id text not null references event (id) on delete cascade,
	id text not null,
	title text not null,
	starts_at {{int}} not null,
	ends_at {{int}} not null,
	capacity {{int}} not null,
	closed {{bool}} not null,
	going {{int}} not null,
	waiting {{int}} not null,
	primary key (event_id, id)
) {{clustered}};
create index slot_waiting on slot (event_id) where waiting > 0;

-- What one sign-up chose; gone with it. queue orders those who wait, as in
-- attendance, where it is 0 for a sign-up that waits in the lines of slots.
create table slot_choice (
	event_id text not null,
	hash {{blob}} not null,
	slot_id text not null,
	state text not null,
	queue {{int}} not null,
	primary key (event_id, hash, slot_id),
	foreign key (event_id, hash) references attendance (event_id, hash) on delete cascade,
	foreign key (event_id, slot_id) references slot (event_id, id)
) {{clustered}};
create index slot_choice_queue on slot_choice (event_id, slot_id, queue) where state = 'waiting';
create index slot_choice_slot on slot_choice (event_id, slot_id, hash);

create table slot_need (
	event_id text not null,
	slot_id text not null,
	need text not null,
	people {{int}} not null,
	primary key (event_id, slot_id, need),
	foreign key (event_id, slot_id) references slot (event_id, id) on delete cascade
) {{clustered}};

-- What those who signed up are reminded of, one row an event: the next message,
-- '' when there is none, and what its organizers want.
create table reminder (
	event_id text primary key references roster (event_id) on delete cascade,
	zone text not null,
	morning {{bool}} not null,
	feedback text not null,
	next text not null,
	next_at {{int}} not null
) {{clustered}};
create index reminder_due on reminder (next_at) where next <> '';

-- Which sign-ups were reminded of which date, so that none is twice; gone with
-- them. coming says that they answered so.
create table reminded (
	event_id text not null,
	hash {{blob}} not null,
	what text not null,
	starts_at {{int}} not null,
	coming {{bool}} not null,
	primary key (event_id, hash, what, starts_at),
	foreign key (event_id, hash) references attendance (event_id, hash) on delete cascade
) {{clustered}};
create index reminded_coming on reminded (event_id) where coming;

-- What organizers tell those who signed up, once a day at most, sealed under the
-- event's key.
create table event_notice (
	event_id text not null references roster (event_id) on delete cascade,
	day {{int}} not null,
	made_at {{int}} not null,
	sealed {{blob}} not null,
	primary key (event_id, day)
) {{clustered}};
