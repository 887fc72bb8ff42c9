-- A campaign's ladder. draft is what its organizers edit, as JSON; name is that of the
-- public record, "" until it is published; version is the newest, 0 then. over_at is
-- when nothing can open any more, 0 while something can; news_over says that the key of
-- those who wanted to hear is gone; stopped, that the campaign has ended or is hidden, so
-- that nothing moves here.
create table ladder (
	campaign_id text primary key references campaign (id) on delete cascade,
	name text not null,
	draft text not null,
	sequence {{int}} not null,
	version {{int}} not null,
	over_at {{int}} not null,
	news_over {{bool}} not null,
	stopped {{bool}} not null,
	updated_at {{int}} not null
) {{clustered}};
create index ladder_over on ladder (over_at) where over_at > 0 and not news_over;

-- What was published. plan is the ladder as it was written, public_text what salt and
-- text_hash are of.
create table ladder_version (
	campaign_id text not null references ladder (campaign_id) on delete cascade,
	version {{int}} not null,
	plan text not null,
	public_text text not null,
	salt text not null,
	text_hash text not null,
	note text not null,
	published_at {{int}} not null,
	primary key (campaign_id, version)
) {{clustered}};

-- Where each step of the newest version stands. free_at is from when it may move.
create table ladder_step (
	campaign_id text not null references ladder (campaign_id) on delete cascade,
	step text not null,
	state text not null,
	was text not null,
	free_at {{int}} not null,
	opened_at {{int}} not null,
	met_at {{int}} not null,
	lapsed_at {{int}} not null,
	primary key (campaign_id, step)
) {{clustered}};

-- What was moved when, and why.
create table ladder_move (
	campaign_id text not null references ladder (campaign_id) on delete cascade,
	n {{int}} not null,
	step text not null,
	state text not null,
	reason text not null,
	note text not null,
	moved_at {{int}} not null,
	primary key (campaign_id, n)
) {{clustered}};

-- What a ladder waits for: found by what happens (kind and subject), or by its time.
-- label is what the subject is called, box and part where it is counted; have is how far
-- it is, -1 when it cannot happen any more.
create table ladder_watch (
	campaign_id text not null references ladder (campaign_id) on delete cascade,
	atom text not null,
	kind text not null,
	subject text not null,
	label text not null,
	need {{int}} not null,
	have {{int}} not null,
	due_at {{int}} not null,
	fired_at {{int}} not null,
	primary key (campaign_id, atom)
) {{clustered}};
create index ladder_watch_subject on ladder_watch (kind, subject) where fired_at = 0;
create index ladder_watch_due on ladder_watch (due_at) where due_at > 0 and fired_at = 0;

-- Who declares a trigger, or, where atom is '', whom the draft or a version names. Rows go
-- when it is declared, when somebody leaves the owners, and some time after the ladder is
-- over, together with the names.
create table ladder_delegate (
	campaign_id text not null references ladder (campaign_id) on delete cascade,
	atom text not null,
	person_id text not null references person (id) on delete cascade,
	declared {{bool}} not null,
	primary key (campaign_id, atom, person_id)
) {{clustered}};
create index ladder_delegate_person on ladder_delegate (person_id);

-- What one owner has said and another has to say, too. Rows go after a week.
create table ladder_agree (
	campaign_id text not null references ladder (campaign_id) on delete cascade,
	step text not null,
	act text not null,
	group_id text not null references groups (id) on delete cascade,
	person_id text not null references person (id) on delete cascade,
	ends_at {{int}} not null,
	primary key (campaign_id, step, act)
) {{clustered}};
create index ladder_agree_group on ladder_agree (group_id);
create index ladder_agree_person on ladder_agree (person_id);
create index ladder_agree_ends on ladder_agree (ends_at);

-- What polls have decided, for ladders that are published later.
create table ladder_decided (
	poll text primary key,
	adopted {{bool}} not null,
	decided_at {{int}} not null
) {{clustered}};

-- Campaigns that have stood down.
create table campaign_down (
	campaign_id text primary key references campaign (id) on delete cascade,
	reason text not null,
	down_at {{int}} not null
) {{clustered}};

-- Who wants to hear by e-mail when a step opens: the address sealed under the scope
-- 'ladder:CAMPAIGN', found by a keyed tag. hash is of the secret in the link.
create table ladder_news (
	id text primary key,
	campaign_id text not null references ladder (campaign_id) on delete cascade,
	hash {{blob}} not null unique,
	tag {{blob}} not null,
	sealed {{blob}} not null,
	lang text not null,
	confirmed {{bool}} not null,
	asked_at {{int}} not null,
	ends_at {{int}} not null,
	unique (campaign_id, tag)
) {{clustered}};
create index ladder_news_ends on ladder_news (ends_at);
create index ladder_news_after on ladder_news (campaign_id, id);

-- What each of them was told last of a step, so that a correction reaches who heard what
-- is not so any more.
create table ladder_told (
	news_id text not null references ladder_news (id) on delete cascade,
	step text not null,
	state text not null,
	primary key (news_id, step)
) {{clustered}};

-- Counts of a box that somebody waits for, beside its goals. part is -1 for all
-- together; count and size are those at which it was reached.
create table box_watch (
	box_id text not null references box (id) on delete cascade,
	part {{int}} not null,
	people {{int}} not null,
	count {{int}} not null,
	size {{int}} not null,
	reached_at {{int}} not null,
	primary key (box_id, part, people)
) {{clustered}};
