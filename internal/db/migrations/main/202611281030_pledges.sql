-- "I will, if so many do, by a day", counted in a box of the public record. The
-- text is frozen with the opening: salt and text_hash are what the record holds
-- of it. people is how many it takes, of each part where there are parts.
create table pledge (
	id text primary key,
	slug text not null unique,
	form text not null unique,
	title text not null,
	lang text not null,
	kind text not null,
	body text not null,
	body_html text not null,
	gate text not null,
	split text not null,
	personal {{bool}} not null,
	people {{int}} not null,
	deadline {{int}} not null,
	zone text not null,
	state text not null,
	shown {{bool}} not null,
	salt text not null,
	text_hash text not null,
	box_id text unique references box (id),
	campaign_id text references campaign (id) on delete set null,
	event_id text references event (id) on delete set null,
	sequence {{int}} not null,
	created_at {{int}} not null,
	updated_at {{int}} not null
) {{strict}};
create index pledge_list on pledge (deadline, id) where shown;
create index pledge_due on pledge (deadline) where state = 'open';
create index pledge_campaign on pledge (campaign_id, deadline) where campaign_id is not null;
create index pledge_event on pledge (event_id, deadline) where event_id is not null;

-- Places or groups that count apart, in the order of the box.
create table pledge_part (
	pledge_id text not null references pledge (id) on delete cascade,
	n {{int}} not null,
	label text not null,
	group_id text references groups (id) on delete set null,
	primary key (pledge_id, n)
) {{clustered}};

-- Success, which is never taken back. part is -1 for all together.
create table pledge_reached (
	pledge_id text not null references pledge (id) on delete cascade,
	part {{int}} not null,
	people {{int}} not null,
	reached_at {{int}} not null,
	primary key (pledge_id, part)
) {{clustered}};

-- Groups that own a pledge with equal rights, were asked to, or left.
create table pledge_owner (
	pledge_id text not null references pledge (id) on delete cascade,
	group_id text not null references groups (id) on delete cascade,
	state text not null,
	since_day {{int}} not null,
	primary key (pledge_id, group_id)
) {{clustered}};
create index pledge_owner_group on pledge_owner (group_id, state);

-- Who wants to hear by e-mail when a pledge is reached: the address sealed under
-- the scope 'pledge:ID', found by a keyed tag, and in no way connected with what
-- anybody pledged. hash is of the secret in the link. Rows go, and the key with
-- them, 30 days after the deadline.
create table pledge_news (
	id text primary key,
	pledge_id text not null references pledge (id) on delete cascade,
	hash {{blob}} not null unique,
	tag {{blob}} not null,
	sealed {{blob}} not null,
	lang text not null,
	confirmed {{bool}} not null,
	asked_at {{int}} not null,
	ends_at {{int}} not null,
	unique (pledge_id, tag)
) {{clustered}};
create index pledge_news_ends on pledge_news (ends_at);
create index pledge_news_after on pledge_news (pledge_id, id);
