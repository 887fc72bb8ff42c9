-- An alert network: which cells it watches for which categories. area is the circles
-- that its cells were made from, as JSON; closed, that it takes no reports and sends
-- nothing more.
create table alert_network (
	id text primary key,
	handle text not null unique,
	name text not null,
	rules text not null,
	area text not null,
	categories text not null,
	zone text not null,
	lat {{real}} not null,
	lon {{real}} not null,
	closed {{bool}} not null,
	sequence {{int}} not null,
	created_at {{int}} not null,
	updated_at {{int}} not null
) {{strict}};

create table alert_area (
	cell {{int}} not null,
	network_id text not null references alert_network (id) on delete cascade,
	primary key (cell, network_id)
) {{clustered}};
create index alert_area_network on alert_area (network_id);

-- The groups that run it; asked says that one has not answered yet.
create table alert_owner (
	network_id text not null references alert_network (id) on delete cascade,
	group_id text not null references groups (id) on delete cascade,
	asked {{bool}} not null,
	primary key (network_id, group_id)
) {{clustered}};
create index alert_owner_group on alert_owner (group_id);

-- Who may verify, named by stewards of a group that runs it, of which they are members.
-- called_at is when a mail called them last.
create table alert_verifier (
	network_id text not null references alert_network (id) on delete cascade,
	person_id text not null references person (id) on delete cascade,
	group_id text not null references groups (id) on delete cascade,
	since {{int}} not null,
	called_at {{int}} not null default 0,
	primary key (network_id, person_id)
) {{clustered}};
create index alert_verifier_person on alert_verifier (person_id);

-- When a verifier is on call.
create table alert_shift (
	id text primary key,
	network_id text not null,
	person_id text not null,
	starts_at {{int}} not null,
	ends_at {{int}} not null,
	foreign key (network_id, person_id) references alert_verifier (network_id, person_id) on delete cascade
) {{strict}};
create index alert_shift_network on alert_shift (network_id, ends_at);
create index alert_shift_ends on alert_shift (ends_at);

-- Reports of one kind, near each other in place and time. state is new, checking,
-- confirmed, denied, duplicate or expired. score orders the queue: the surest first.
-- scope is the key of the tags of its
-- lineages. called is how far verifiers were called: 0 nobody, 1 those on call, 2 all.
create table alert_case (
	id text primary key,
	network_id text not null references alert_network (id) on delete cascade,
	category text not null,
	cell {{int}} not null,
	scope text not null,
	state text not null,
	of_id text not null default '',
	reports {{int}} not null,
	first_hand {{int}} not null,
	members {{int}} not null,
	score {{int}} not null,
	claimed_by text references person (id) on delete set null,
	claimed_at {{int}} not null default 0,
	called {{int}} not null default 0,
	chain_id text not null default '',
	seen_at {{int}} not null,
	created_at {{int}} not null,
	last_at {{int}} not null,
	expires_at {{int}} not null
) {{strict}};
create index alert_case_queue on alert_case (network_id, state, score desc, created_at);
create index alert_case_near on alert_case (network_id, category, cell, last_at);
create index alert_case_expires on alert_case (expires_at);
create index alert_case_scope on alert_case (scope, expires_at);
create index alert_case_called on alert_case (called, created_at);
create index alert_case_claimed on alert_case (claimed_by);

-- What somebody reported: sealed (under the key of its hour) is where exactly, and a
-- note. hash is of the secret with which they can add to it. tags are keyed hashes of
-- the lineage of a verifier who reported while signed in; nobody else's.
create table alert_report (
	hash {{blob}} primary key,
	case_id text not null references alert_case (id) on delete cascade,
	scope text not null,
	sealed {{blob}} not null,
	first_hand {{bool}} not null,
	member {{bool}} not null,
	photo {{bool}} not null,
	more {{int}} not null,
	seen_at {{int}} not null,
	created_at {{int}} not null,
	expires_at {{int}} not null
) {{strict}};
create index alert_report_case on alert_report (case_id, created_at);
create index alert_report_expires on alert_report (expires_at);
create index alert_report_scope on alert_report (scope, expires_at);

create table alert_report_tag (
	case_id text not null references alert_case (id) on delete cascade,
	tag {{blob}} not null,
	primary key (case_id, tag)
) {{clustered}};

create table alert_photo (
	hash {{blob}} primary key references alert_report (hash) on delete cascade,
	sealed {{blob}} not null
) {{strict}};

-- What verifiers tell each other about a case, or about the network ('' is no case).
create table alert_note (
	id text primary key,
	network_id text not null references alert_network (id) on delete cascade,
	case_id text not null,
	scope text not null,
	sealed {{blob}} not null,
	by_person text references person (id) on delete set null,
	created_at {{int}} not null,
	expires_at {{int}} not null
) {{strict}};
create index alert_note_case on alert_note (network_id, case_id, created_at);
create index alert_note_expires on alert_note (expires_at);
create index alert_note_scope on alert_note (scope, expires_at);
create index alert_note_by on alert_note (by_person);

-- What one verifier wants to send, until another one confirms it: for a case, or behind
-- the alerts of a chain.
create table alert_draft (
	subject text primary key,
	network_id text not null references alert_network (id) on delete cascade,
	message text not null,
	by_person text not null references person (id) on delete cascade,
	first_hand {{bool}} not null,
	created_at {{int}} not null,
	expires_at {{int}} not null
) {{strict}};
create index alert_draft_by on alert_draft (by_person);
create index alert_draft_network on alert_draft (network_id);
create index alert_draft_expires on alert_draft (expires_at);

-- What went out. message is what its texts are made of; hash is of salt and statement;
-- newest says that nothing of its chain came later.
create table alert (
	id text primary key,
	chain_id text not null,
	n {{int}} not null,
	network_id text not null references alert_network (id) on delete cascade,
	kind text not null,
	drill {{bool}} not null,
	category text not null,
	message text not null,
	hash text not null,
	salt text not null,
	verifiers {{int}} not null,
	first_hand {{int}} not null,
	sent_at {{int}} not null,
	expires_at {{int}} not null,
	newest {{bool}} not null,
	unique (chain_id, n)
) {{strict}};
create index alert_newest on alert (drill, sent_at desc) where newest;
create index alert_network_newest on alert (network_id, sent_at desc) where newest;
create index alert_sent on alert (sent_at);

-- The cells of each alert, and of which they count within an hour.
create table alert_cell (
	cell {{int}} not null,
	sent_at {{int}} not null,
	alert_id text not null references alert (id) on delete cascade,
	counts {{bool}} not null,
	primary key (cell, sent_at, alert_id)
) {{clustered}};
create index alert_cell_alert on alert_cell (alert_id);

-- What is left of alerts: how many, by day.
create table alert_count (
	network_id text not null references alert_network (id) on delete cascade,
	day {{int}} not null,
	category text not null,
	kind text not null,
	drill {{bool}} not null,
	n {{int}} not null,
	primary key (network_id, day, category, kind, drill)
) {{clustered}};
