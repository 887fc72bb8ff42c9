-- Something that a group or coalition is to decide. subject is what its effect is
-- done to. wrote is who wrote it: known inside, and only until the discussion is
-- erased on ends_day, as are the rows of comments and amendments.
create table poll_proposal (
	id text primary key,
	form text not null unique,
	group_id text not null references groups (id) on delete cascade,
	wrote text references person (id) on delete set null,
	title text not null,
	lang text not null,
	body text not null,
	body_html text not null,
	options text not null,
	state text not null,
	public {{bool}} not null,
	effect text not null,
	subject text not null,
	campaign_id text references campaign (id) on delete set null,
	adopted {{bool}} not null,
	version {{int}} not null,
	sequence {{int}} not null,
	decided_at {{int}} not null,
	ends_day {{int}} not null,
	created_at {{int}} not null,
	updated_at {{int}} not null
) {{strict}};
create index poll_proposal_group on poll_proposal (group_id, updated_at, id);
create index poll_proposal_list on poll_proposal (updated_at, id) where public;
create index poll_proposal_campaign on poll_proposal (campaign_id, updated_at) where campaign_id is not null;
create index poll_proposal_ends on poll_proposal (ends_day) where ends_day > 0;

-- Earlier texts, each with what changed after it.
create table poll_text (
	proposal_id text not null references poll_proposal (id) on delete cascade,
	n {{int}} not null,
	title text not null,
	body text not null,
	options text not null,
	note text not null,
	day {{int}} not null,
	primary key (proposal_id, n)
) {{clustered}};

-- What people inside say about it, sealed under the scope 'proposal:ID'. parent is
-- the comment that it answers. hidden is why organizers hid it.
create table poll_comment (
	id text primary key,
	proposal_id text not null references poll_proposal (id) on delete cascade,
	form text not null unique,
	parent text,
	wrote text references person (id) on delete set null,
	sealed {{blob}} not null,
	hidden text not null,
	day {{int}} not null
) {{strict}};
create index poll_comment_of on poll_comment (proposal_id, id);

-- The whole text as somebody would have it, and why, sealed as comments are. base is
-- the version that was changed.
create table poll_amendment (
	id text primary key,
	proposal_id text not null references poll_proposal (id) on delete cascade,
	form text not null unique,
	wrote text references person (id) on delete set null,
	sealed {{blob}} not null,
	base {{int}} not null,
	state text not null,
	day {{int}} not null
) {{strict}};
create index poll_amendment_of on poll_amendment (proposal_id, id);

-- The vote on a proposal or on an amendment. Everything that it is decided by is
-- frozen in body, rules and the manifest of its box; result is what the count said.
-- eligible is the sum of weights of those who may vote; candidates are the accounts
-- that the options name when it elects delegates, until the discussion is erased.
-- codes_first says that credentials are given out until opens_at, and none afterwards.
create table poll (
	id text primary key,
	form text not null unique,
	proposal_id text not null references poll_proposal (id) on delete cascade,
	amendment_id text,
	group_id text not null references groups (id) on delete cascade,
	opened_by text references person (id) on delete set null,
	title text not null,
	lang text not null,
	body text not null,
	options text not null,
	effect text not null,
	subject text not null,
	campaign_id text references campaign (id) on delete set null,
	candidates text not null,
	preset text not null,
	rules text not null,
	decides {{bool}} not null,
	named {{bool}} not null,
	by_groups {{bool}} not null,
	early {{bool}} not null,
	codes_first {{bool}} not null,
	gate text not null,
	eligible {{int}} not null,
	salt text not null,
	text_hash text not null,
	box_id text not null unique references box (id),
	opens_at {{int}} not null,
	closes_at {{int}} not null,
	zone text not null,
	state text not null,
	result text not null,
	counted_at {{int}} not null,
	reminded_day {{int}} not null
) {{strict}};
create index poll_of on poll (proposal_id, id);
create unique index poll_one_open on poll (proposal_id) where state in ('open', 'closed');
create index poll_open_group on poll (group_id) where state = 'open';
create index poll_closed on poll (id) where state = 'closed';

-- The seats of a poll by name, as they were when it opened. mandate_id is by whose
-- mandate the seat votes now; carried says that its vote is what the group decided in
-- its own poll. salt hides the name in the record.
create table poll_seat (
	poll_id text not null references poll (id) on delete cascade,
	n {{int}} not null,
	mandate_id text not null,
	group_id text not null,
	name text not null,
	salt {{blob}} not null,
	weight {{int}} not null,
	voted {{bool}} not null,
	carried {{bool}} not null,
	primary key (poll_id, n)
) {{clustered}};
create index poll_seat_group on poll_seat (group_id, poll_id);
create index poll_seat_mandate on poll_seat (mandate_id) where mandate_id <> '';
