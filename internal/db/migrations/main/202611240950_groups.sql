-- How people come into a group: by themselves, by asking, or with a link.
-- welcome is what new members see first, conduct the version of the rules of
-- conduct that counts: in a group, or accepted by a member. 0 is none.
alter table groups add column joining text not null default 'invitation';
alter table groups add column welcome text not null default '';
alter table groups add column welcome_html text not null default '';
alter table groups add column conduct {{int}} not null default 0;
alter table member add column conduct {{int}} not null default 0;

-- Who let a member in: always another member of the group, or nobody.
alter table member add column vouched_by text references person (id) on delete set null;
create index member_vouched on member (vouched_by) where vouched_by is not null;

-- Somebody who asks to come in. The note is sealed under the row's own key and
-- goes with the answer; keyed says that the key is still there. A refusal is kept
-- for a while, for the asker to read. A row without person_id is of an erased
-- account.
create table join_request (
	id text primary key,
	group_id text not null references groups (id) on delete cascade,
	person_id text references person (id) on delete set null,
	sealed {{blob}},
	keyed {{bool}} not null,
	conduct {{int}} not null,
	state text not null,
	reason text not null,
	day {{int}} not null,
	ends_day {{int}} not null
) {{clustered}};
create unique index join_request_open on join_request (group_id, person_id) where state <> 'done';
create index join_request_queue on join_request (group_id, state, day, id);
create index join_request_person on join_request (person_id);
create index join_request_ends on join_request (ends_day);
create index join_request_keyed on join_request (state) where keyed;

-- Versions of a group's rules of conduct; nothing here is ever changed.
create table conduct (
	group_id text not null references groups (id) on delete cascade,
	version {{int}} not null,
	body text not null,
	body_html text not null,
	day {{int}} not null,
	primary key (group_id, version)
) {{clustered}};

-- What organizers tell members, for a while. uid is the key of the form.
create table announcement (
	id text primary key,
	group_id text not null references groups (id) on delete cascade,
	uid text not null,
	title text not null,
	body text not null,
	body_html text not null,
	day {{int}} not null,
	ends_day {{int}} not null
) {{clustered}};
create unique index announcement_uid on announcement (group_id, uid);
create index announcement_list on announcement (group_id, day, id);
create index announcement_ends on announcement (ends_day);
