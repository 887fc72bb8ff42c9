-- How many an event needs in each role of its programme, and how many took it.
-- role is a code of the program, or '=' and the name that the group gave it. The
-- counters change with the offers; queue is the last number given out.
create table role_count (
	event_id text not null references event (id) on delete cascade,
	role text not null,
	position {{int}} not null,
	needed {{int}} not null,
	confirmed {{int}} not null,
	offered {{int}} not null,
	reserve {{int}} not null,
	queue {{int}} not null,
	primary key (event_id, role)
) {{clustered}};

insert into role_count (event_id, role, position, needed, confirmed, offered, reserve, queue)
	select event_id, case when role <> '' then role else '=' || name end, min(position), sum(people), 0, 0, 0, 0
	from role_need group by event_id, case when role <> '' then role else '=' || name end;

-- How many organizers confirm an offer; an event without a row takes one.
create table role_rule (
	event_id text primary key references event (id) on delete cascade,
	confirmers {{int}} not null
) {{clustered}};

-- One sign-up that offers to take one role; gone with it. code is what organizers
-- see of it, queue the order of offers, sealed the note, empty without one.
create table role_offer (
	event_id text not null,
	hash {{blob}} not null,
	role text not null,
	code text not null,
	state text not null,
	queue {{int}} not null,
	reason text not null,
	sealed {{blob}} not null,
	primary key (event_id, hash, role),
	foreign key (event_id, hash) references attendance (event_id, hash) on delete cascade
) {{clustered}};
create unique index role_offer_code on role_offer (event_id, code, role);
create index role_offer_queue on role_offer (event_id, role, state, queue);

-- Which organizers confirmed an offer; gone with it.
create table role_confirmation (
	event_id text not null,
	hash {{blob}} not null,
	role text not null,
	person_id text not null references person (id) on delete cascade,
	primary key (event_id, hash, role, person_id),
	foreign key (event_id, hash, role) references role_offer (event_id, hash, role) on delete cascade
) {{clustered}};
create index role_confirmation_person on role_confirmation (person_id);
