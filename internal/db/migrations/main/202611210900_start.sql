-- Times are microseconds since 1970 in UTC; days are yyyymmdd as on a calendar
-- at the place; personal fields are sealed (see docs/decisions/0004).

create table setting (
	name text primary key,
	value text not null
) {{clustered}};

-- Durable jobs. A finished job is deleted; a failed one stays visible.
create table job (
	id {{serial}},
	kind text not null,
	args text not null,
	unique_key text unique,
	priority {{int}} not null,
	run_at {{int}} not null,
	attempt {{int}} not null,
	failed {{bool}} not null,
	error text not null,
	created_at {{int}} not null
) {{strict}};
create index job_next on job (failed, priority, run_at);

create table person (
	id text primary key,
	handle text not null unique,
	pass text not null,
	operator {{bool}} not null,
	suspended {{bool}} not null,
	locale text not null,
	created_day {{int}} not null
) {{clustered}};
create index person_operator on person (id) where operator;
create index person_suspended on person (id) where suspended;

-- Signed-in browsers. The cookie is stored as a hash, days only, no address.
-- proved_at is when the passphrase was last typed, and pass_key the hash of the
-- form that replaced it; an hourly job forgets both after ten minutes.
create table session (
	hash {{blob}} primary key,
	id text not null unique,
	person_id text not null references person (id) on delete cascade,
	label text not null,
	created_day {{int}} not null,
	used_day {{int}} not null,
	expires_at {{int}} not null,
	proved_at {{int}} not null default 0,
	pass_key {{blob}}
) {{clustered}};
create index session_person on session (person_id);
create index session_expiry on session (expires_at);
create index session_proved on session (proved_at) where proved_at > 0;

create table groups (
	id text primary key,
	handle text not null unique,
	name text not null,
	name_folded text not null,
	handle_look text not null default '',
	name_look text not null default '',
	about text not null,
	about_html text not null,
	place text not null,
	lat {{real}},
	lon {{real}},
	zone text not null,
	langs text not null,
	suspended {{bool}} not null,
	sample {{bool}} not null,
	created_at {{int}} not null
) {{strict}};
create index groups_name on groups (name_folded, id);
create index groups_handle_look on groups (handle_look);
create index groups_name_look on groups (name_look);

-- How the words of a group's name and handle begin: a search walks along one
-- beginning, in the order of names.
create table group_prefix (
	prefix text not null,
	name_folded text not null,
	group_id text not null references groups (id) on delete cascade,
	primary key (prefix, name_folded, group_id)
) {{clustered}};
create index group_prefix_group on group_prefix (group_id);

create table member (
	group_id text not null references groups (id) on delete cascade,
	person_id text not null references person (id) on delete cascade,
	role text not null,
	since_day {{int}} not null,
	primary key (group_id, person_id)
) {{clustered}};
create index member_person on member (person_id);

-- Links that let somebody in, once. A link with no group makes an operator or
-- a plain account. For ten minutes after its use, used_key is the hash of the
-- form that used it and used_by the account that it made; an hourly job forgets
-- them.
create table invitation (
	hash {{blob}} primary key,
	id text not null unique,
	group_id text references groups (id) on delete cascade,
	role text not null,
	made_by text references person (id) on delete set null,
	expires_at {{int}} not null,
	used_day {{int}} not null,
	used_at {{int}},
	used_key {{blob}},
	used_by text references person (id) on delete set null
) {{clustered}};
create index invitation_group on invitation (group_id);
create index invitation_expiry on invitation (expires_at);
create index invitation_used on invitation (used_at) where used_at is not null;
create index invitation_used_by on invitation (used_by) where used_by is not null;

-- Where imported events come from.
create table source (
	id text primary key,
	name text not null,
	kind text not null,
	url text not null,
	credit text not null,
	sample {{bool}} not null,
	imported_at {{int}} not null
) {{clustered}};

-- at_key orders events by start and then by row: seconds since 1970, shifted
-- left by 28 bits, plus the row number. It is the cursor of every list and the
-- row id of the full-text index.
create table event (
	seq {{serial}},
	id text not null unique,
	at_key {{int}} not null unique,
	group_id text references groups (id),
	source_id text references source (id),
	uid text not null,
	title text not null,
	description text not null,
	description_html text not null,
	kind text not null,
	state text not null,
	listed {{bool}} not null,
	starts_at {{int}} not null,
	ends_at {{int}} not null,
	zone text not null,
	all_day {{bool}} not null,
	day {{int}} not null,
	place text not null,
	address text not null,
	locality text not null,
	region text not null,
	country text not null,
	lat {{real}},
	lon {{real}},
	precise text not null,
	cell3 {{int}},
	cell6 {{int}},
	cell9 {{int}},
	online_url text not null,
	lang text not null,
	access_yes {{int}} not null,
	access_no {{int}} not null,
	access_note text not null,
	capacity {{int}} not null,
	organizer text not null,
	source_url text not null,
	picture text not null,
	picture_alt text not null,
	sequence {{int}} not null,
	was_starts_at {{int}},
	was_place text not null,
	hash {{blob}},
	created_at {{int}} not null,
	updated_at {{int}} not null
) {{strict}};
create unique index event_uid on event (source_id, uid);
create index event_group on event (group_id, at_key);
create unique index event_form on event (group_id, uid) where group_id is not null;
create index event_cell3 on event (cell3, at_key) where listed;
create index event_cell6 on event (cell6, at_key) where listed;
create index event_cell9 on event (cell9, at_key) where listed;
create index event_kind on event (kind, at_key) where listed;
-- What lasts longer than a day is found while it goes on.
create index event_long on event (ends_at) where listed and ends_at - starts_at > 86400000000;

-- What people said how many came. low and high are people; day is the event's.
create table estimate (
	id text primary key,
	event_id text not null references event (id) on delete cascade,
	day {{int}} not null,
	low {{int}} not null,
	high {{int}} not null,
	words text not null,
	method text not null,
	source_name text not null,
	source_url text not null,
	made_at {{int}} not null
) {{clustered}};
create index estimate_event on estimate (event_id);

-- One row an event that has estimates: the widest range they span.
create table turnout (
	event_id text primary key references event (id) on delete cascade,
	low {{int}} not null,
	high {{int}} not null,
	estimates {{int}} not null
) {{clustered}};

-- Totals by day and place, kept in the transaction that changes an event.
create table turnout_day (
	day {{int}} not null,
	country text not null,
	region text not null,
	events {{int}} not null,
	estimated {{int}} not null,
	low {{int}} not null,
	high {{int}} not null,
	primary key (day, country, region)
) {{clustered}};

-- Sign-ups of one event: the rules that a sign-up is checked against, and the
-- counters that change with it.
create table roster (
	event_id text primary key references event (id) on delete cascade,
	capacity {{int}} not null,
	open {{bool}} not null,
	going {{int}} not null,
	waiting {{int}} not null,
	queue {{int}} not null,
	starts_at {{int}} not null,
	ends_at {{int}} not null
) {{clustered}};

create index roster_waiting on roster (event_id) where waiting > 0;
create index roster_ended on roster (ends_at) where queue <> -1;

-- One sign-up. hash is of the secret that its holder has; sealed holds what is
-- personal. queue orders those who wait.
create table attendance (
	event_id text not null references roster (event_id) on delete cascade,
	hash {{blob}} not null,
	state text not null,
	party {{int}} not null,
	queue {{int}} not null,
	sealed {{blob}} not null,
	primary key (event_id, hash)
) {{clustered}};
create index attendance_queue on attendance (event_id, queue, party) where state = 'waiting';


-- How many people of an event need what; no person is named.
create table access_need (
	event_id text not null references roster (event_id) on delete cascade,
	need text not null,
	people {{int}} not null,
	primary key (event_id, need)
) {{clustered}};

-- Who did what in a role: pseudonymous, kept 180 days.
create table audit (
	id text primary key,
	day {{int}} not null,
	person_id text not null,
	action text not null,
	subject text not null
) {{clustered}};
create index audit_day on audit (day, action);
