-- A dated meeting of a group or coalition. version grows with whatever a page shows,
-- step with each act of whoever facilitates, sequence with the text and the order of
-- the agenda: who acts on an older one is told. shown: everybody may know of it. notice is what the group asked
-- for when it was called, in days, ahead what it was. people is -1 where nobody
-- counted. A timer runs while its ends is not 0; left is what it has when it does
-- not, in seconds. door is the turn of the link for those without an account.
create table assembly (
	id text primary key,
	group_id text not null references groups (id) on delete cascade,
	form text not null unique,
	title text not null,
	lang text not null,
	about text not null,
	about_html text not null,
	place text not null,
	online_url text not null,
	online_inside {{bool}} not null,
	starts_at {{int}} not null,
	ends_at {{int}} not null,
	zone text not null,
	notice {{int}} not null,
	ahead {{int}} not null,
	urgent {{bool}} not null,
	public {{bool}} not null,
	shown {{bool}} not null,
	first_first {{bool}} not null,
	speak {{int}} not null,
	people {{int}} not null,
	people_shown {{bool}} not null,
	state text not null,
	facilitator_id text references person (id) on delete set null,
	note_taker_id text references person (id) on delete set null,
	version {{int}} not null,
	step {{int}} not null,
	sequence {{int}} not null,
	timer_ends {{int}} not null,
	timer_left {{int}} not null,
	speaker_ends {{int}} not null,
	speaker_left {{int}} not null,
	turn {{int}} not null,
	door {{int}} not null,
	minutes text not null,
	approved_at {{int}} not null,
	erased {{bool}} not null,
	created_at {{int}} not null,
	updated_at {{int}} not null
) {{strict}};
create index assembly_list on assembly (starts_at, id) where shown;
create index assembly_group on assembly (group_id, starts_at, id);
create index assembly_due on assembly (ends_at) where state in ('called', 'open');
create index assembly_erase on assembly (ends_at) where not erased and state in ('closed', 'off');
create index assembly_drafts on assembly (ends_at) where minutes = 'draft';
create index assembly_facilitator on assembly (facilitator_id) where facilitator_id is not null;
create index assembly_note_taker on assembly (note_taker_id) where note_taker_id is not null;

-- What is on the agenda, in the order of n. Nothing says who added it. sequence is
-- of its minutes.
create table assembly_item (
	id text primary key,
	assembly_id text not null references assembly (id) on delete cascade,
	n {{int}} not null,
	title text not null,
	minutes {{int}} not null,
	link text not null,
	state text not null,
	notes text not null,
	notes_html text not null,
	sequence {{int}} not null
) {{strict}};
create index assembly_item_order on assembly_item (assembly_id, n);

-- A decision or a task that the minutes of an item note; told says that the task was
-- given to its owner.
create table assembly_line (
	item_id text not null references assembly_item (id) on delete cascade,
	kind text not null,
	n {{int}} not null,
	body text not null,
	owner_id text references person (id) on delete set null,
	until_day {{int}} not null,
	told {{bool}} not null,
	primary key (item_id, kind, n)
) {{clustered}};
create index assembly_line_owner on assembly_line (owner_id) where owner_id is not null;

-- What was wrong in minutes that were approved.
create table assembly_correction (
	assembly_id text not null references assembly (id) on delete cascade,
	n {{int}} not null,
	day {{int}} not null,
	body text not null,
	primary key (assembly_id, n)
) {{clustered}};

-- Who asked to speak, until the assembly closes: who is a keyed tag of the account or
-- of the private link, name is sealed under the scope 'assembly:ID', and name_tag
-- keeps two people of one name apart. The key is destroyed with the rows.
create table assembly_hand (
	assembly_id text not null references assembly (id) on delete cascade,
	who {{blob}} not null,
	name {{blob}} not null,
	name_tag {{blob}} not null,
	state text not null,
	spoke {{int}} not null,
	turn {{int}} not null,
	primary key (assembly_id, who),
	unique (assembly_id, name_tag)
) {{clustered}};
create index assembly_hand_up on assembly_hand (assembly_id, turn) where state <> 'down';

-- Forms that have done what they say, so that one that is sent twice does it once.
create table assembly_form (
	assembly_id text not null references assembly (id) on delete cascade,
	form text not null,
	primary key (assembly_id, form)
) {{clustered}};

-- What a group asks of its assemblies.
create table assembly_rule (
	group_id text primary key references groups (id) on delete cascade,
	notice {{int}} not null
) {{clustered}};
