-- Groups whose members are groups. points is the last version of the points of
-- unity, notice how many days before an assembly it is called, secret that polls of
-- delegates are secret. shown is false while the coalition is suspended or has ended.
create table coalition (
	group_id text primary key references groups (id) on delete cascade,
	form text not null unique,
	weights text not null,
	secret {{bool}} not null,
	entry text not null,
	seats {{int}} not null,
	notice {{int}} not null,
	points {{int}} not null,
	shown {{bool}} not null,
	sequence {{int}} not null
) {{clustered}};
create index coalition_list on coalition (group_id) where shown;

-- Versions of what member groups agree to; nothing here is ever changed.
create table coalition_points (
	coalition_id text not null references coalition (group_id) on delete cascade,
	version {{int}} not null,
	body text not null,
	body_html text not null,
	day {{int}} not null,
	primary key (coalition_id, version)
) {{clustered}};

-- Groups that belong to a coalition, asked to, or were asked. handle is the group's,
-- which never changes: lists are in its order. band is how many members the group
-- says it has, version that of the points it agreed to.
create table coalition_member (
	coalition_id text not null references coalition (group_id) on delete cascade,
	group_id text not null references groups (id) on delete cascade,
	handle text not null,
	state text not null,
	version {{int}} not null,
	band {{int}} not null,
	day {{int}} not null,
	primary key (coalition_id, group_id)
) {{clustered}};
create unique index coalition_member_list on coalition_member (coalition_id, state, handle);
create index coalition_member_group on coalition_member (group_id, state, coalition_id);

-- Who speaks for a member group: asked, holds the seat, or ended; what has ended is
-- deleted a month later. since_at is when they accepted, 0 before.
create table delegate (
	id text primary key,
	coalition_id text not null references coalition (group_id) on delete cascade,
	group_id text not null references groups (id) on delete cascade,
	seat {{int}} not null,
	form text not null unique,
	person_id text references person (id) on delete set null,
	alternate_id text references person (id) on delete set null,
	alternate_ok {{bool}} not null,
	mandate text not null,
	instructions text not null,
	instructions_html text not null,
	everybody {{bool}} not null,
	stands_in {{bool}} not null,
	state text not null,
	since_at {{int}} not null,
	until_at {{int}} not null,
	ended_at {{int}} not null
) {{clustered}};
create unique index delegate_seat on delegate (coalition_id, group_id, seat) where state = 'holds';
create unique index delegate_asked on delegate (coalition_id, group_id, seat) where state = 'asked';
create unique index delegate_person on delegate (coalition_id, person_id) where state = 'holds';
create index delegate_first on delegate (coalition_id, since_at, id) where state = 'holds';
create index delegate_of on delegate (group_id, coalition_id, state, seat);
create index delegate_mine on delegate (person_id, state) where person_id is not null;
create index delegate_alternate on delegate (alternate_id) where alternate_id is not null;
create index delegate_due on delegate (until_at, id) where state in ('asked', 'holds');
create index delegate_gone on delegate (ended_at) where state = 'ended';

-- Ordinary groups that work on something for another group.
create table working_group (
	parent_id text not null references groups (id) on delete cascade,
	group_id text not null references groups (id) on delete cascade,
	handle text not null,
	purpose text not null,
	listed {{bool}} not null,
	primary key (parent_id, group_id)
) {{clustered}};
create unique index working_group_list on working_group (parent_id, handle);
create index working_group_of on working_group (group_id, parent_id);
