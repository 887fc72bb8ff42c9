-- What somebody in a group takes on. uid is the key of the form, or made of what was
-- decided; source is the address of the page where it was. Without owner_id it waits
-- for somebody. What is done or dropped has a closed_day. On expires_day it is deleted.
create table task (
	id text primary key,
	group_id text not null references groups (id) on delete cascade,
	uid text not null,
	title text not null,
	note text not null,
	note_html text not null,
	source text not null,
	owner_id text references person (id) on delete set null,
	until_day {{int}} not null,
	first_time {{bool}} not null,
	state text not null,
	made_day {{int}} not null,
	closed_day {{int}} not null,
	expires_day {{int}} not null
) {{clustered}};
create unique index task_uid on task (group_id, uid);
create index task_list on task (group_id, state, until_day, id);
create index task_owner on task (owner_id, state) where owner_id is not null;
create index task_expires on task (expires_day);

-- What a group tells those who are new.
create table start_page (
	group_id text primary key references groups (id) on delete cascade,
	shown {{bool}} not null,
	does text not null,
	does_html text not null,
	first_steps text not null,
	first_html text not null,
	ask text not null,
	version {{int}} not null
) {{clustered}};

-- What a member offers inside one group. codes are words of the program; sealed is
-- a line of their own, under the key of the month in which it was written. shared says
-- that organizers may see the handle. It goes with the membership.
create table skill (
	group_id text not null,
	person_id text not null,
	codes text not null,
	key_month text not null,
	sealed {{blob}},
	shared {{bool}} not null,
	ends_day {{int}} not null,
	primary key (group_id, person_id),
	foreign key (group_id, person_id) references member (group_id, person_id) on delete cascade
) {{clustered}};
create index skill_person on skill (person_id);
create index skill_ends on skill (ends_day);

-- Members who asked for a weekly mail. hash is of the secret in its link. What was
-- new before since_day they were told. It goes with the membership.
create table digest (
	group_id text not null,
	person_id text not null,
	hash {{blob}} not null unique,
	since_day {{int}} not null,
	due_day {{int}} not null,
	primary key (group_id, person_id),
	foreign key (group_id, person_id) references member (group_id, person_id) on delete cascade
) {{clustered}};
create index digest_person on digest (person_id);
create index digest_due on digest (due_day);

-- Whether anybody looks after a group. active_day is a day, at most a week old, on
-- which an organizer did something; 0 is not known yet. due_day is when the next step
-- is taken by itself, 0 for none; person_id asks to take the group on since asked_day.
create table dormancy (
	group_id text primary key references groups (id) on delete cascade,
	months {{int}} not null,
	state text not null,
	active_day {{int}} not null,
	since_day {{int}} not null,
	asked_day {{int}} not null,
	due_day {{int}} not null,
	person_id text references person (id) on delete set null
) {{clustered}};
create index dormancy_due on dormancy (due_day) where due_day > 0;
create index dormancy_person on dormancy (person_id) where person_id is not null;
insert into dormancy (group_id, months, state, active_day, since_day, asked_day, due_day)
	select id, 6, 'active', 0, 0, 0, 1 from groups where not sample and ended_at = 0;
