-- A call that several groups own together. Days are yyyymmdd as on a calendar
-- at each place; dates lists them: "20261128 20261205-20261226".
create table campaign (
	id text primary key,
	handle text not null unique,
	form text not null unique,
	title text not null,
	lang text not null,
	statement text not null,
	statement_html text not null,
	dates text not null,
	first_day {{int}} not null,
	last_day {{int}} not null,
	picture text not null,
	picture_alt text not null,
	state text not null,
	shown {{bool}} not null,
	points {{int}} not null,
	template {{int}} not null,
	sequence {{int}} not null,
	created_at {{int}} not null,
	updated_at {{int}} not null
) {{strict}};
create index campaign_list on campaign (last_day, id) where shown;

-- What a campaign says in further languages.
create table campaign_text (
	campaign_id text not null references campaign (id) on delete cascade,
	lang text not null,
	title text not null,
	statement text not null,
	statement_html text not null,
	primary key (campaign_id, lang)
) {{clustered}};

-- Groups that own a campaign with equal rights, were asked to, or left.
create table campaign_owner (
	campaign_id text not null references campaign (id) on delete cascade,
	group_id text not null references groups (id) on delete cascade,
	state text not null,
	since_day {{int}} not null,
	primary key (campaign_id, group_id)
) {{clustered}};
create index campaign_owner_group on campaign_owner (group_id, state);

create table demand (
	campaign_id text not null references campaign (id) on delete cascade,
	number {{int}} not null,
	body text not null,
	addressee text not null,
	state text not null,
	primary key (campaign_id, number)
) {{clustered}};

-- What happened to a demand, and when; nothing here is ever changed.
create table demand_change (
	campaign_id text not null,
	number {{int}} not null,
	step {{int}} not null,
	state text not null,
	note text not null,
	day {{int}} not null,
	primary key (campaign_id, number, step),
	foreign key (campaign_id, number) references demand (campaign_id, number) on delete cascade
) {{clustered}};

-- Versions of what groups agree to when they endorse. The last one counts.
create table campaign_points (
	campaign_id text not null references campaign (id) on delete cascade,
	version {{int}} not null,
	body text not null,
	body_html text not null,
	day {{int}} not null,
	primary key (campaign_id, version)
) {{clustered}};

create table endorsement (
	campaign_id text not null references campaign (id) on delete cascade,
	group_id text not null references groups (id) on delete cascade,
	version {{int}} not null,
	withdrawn {{bool}} not null,
	day {{int}} not null,
	primary key (campaign_id, group_id)
) {{clustered}};
create index endorsement_group on endorsement (group_id);

-- Versions of what local events share; events follow the last one.
create table campaign_template (
	campaign_id text not null references campaign (id) on delete cascade,
	version {{int}} not null,
	title text not null,
	kind text not null,
	description text not null,
	access_note text not null,
	day {{int}} not null,
	primary key (campaign_id, version)
) {{clustered}};

-- Local events that were proposed for a campaign, and the answer.
create table campaign_event (
	event_id text primary key references event (id) on delete cascade,
	campaign_id text not null references campaign (id) on delete cascade,
	group_id text not null references groups (id) on delete cascade,
	state text not null,
	reason text not null,
	day {{int}} not null
) {{clustered}};
create index campaign_event_state on campaign_event (campaign_id, state, day);

-- Hosts whose next events need no approval.
create table campaign_trust (
	campaign_id text not null references campaign (id) on delete cascade,
	group_id text not null references groups (id) on delete cascade,
	day {{int}} not null,
	primary key (campaign_id, group_id)
) {{clustered}};

-- An event that somebody without a group would host, sealed as a whole. hash is
-- of the secret that they have; the row goes two weeks after the answer.
create table proposal (
	id text primary key,
	campaign_id text not null references campaign (id) on delete cascade,
	hash {{blob}} not null unique,
	sealed {{blob}} not null,
	state text not null,
	reason text not null,
	event_id text references event (id) on delete set null,
	day {{int}} not null,
	ends_day {{int}} not null
) {{clustered}};
create index proposal_queue on proposal (campaign_id, state, day);
create index proposal_ends on proposal (ends_day);

alter table event add column campaign_id text references campaign (id);
alter table event add column follows {{int}} not null default 0;
-- What a campaign's map and table of towns read, so that they need no row.
create index event_campaign on event (campaign_id, at_key, listed, ends_at, day, lat, lon) where campaign_id is not null;
create index event_campaign_place on event (campaign_id, listed, state, locality, region, country) where campaign_id is not null;
alter table roster add column campaign_id text;
create index roster_campaign on roster (campaign_id) where campaign_id is not null;
