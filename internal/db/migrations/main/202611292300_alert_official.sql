-- A feed of official warnings: when it was read last without a mistake, since when that
-- fails (0: it does not) and why, and by what its server tells whether it has changed.
create table alert_feed (
	address text primary key,
	etag text not null,
	modified text not null,
	read_at {{int}} not null,
	failing_since {{int}} not null,
	reason text not null
) {{strict}};

-- Files of a feed that need not be fetched again, as of the time that the feed says.
create table alert_feed_file (
	feed text not null references alert_feed (address) on delete cascade,
	link text not null,
	updated_at {{int}} not null,
	until {{int}} not null,
	primary key (feed, link)
) {{clustered}};
create index alert_feed_file_until on alert_feed_file (until);

-- Messages that later ones of the same feed take the place of, also when they come late.
create table alert_official_over (
	feed text not null references alert_feed (address) on delete cascade,
	sender text not null,
	identifier text not null,
	sent_at {{int}} not null,
	until {{int}} not null,
	primary key (feed, sender, identifier, sent_at)
) {{clustered}};
create index alert_official_over_until on alert_official_over (until);

-- What authorities warn of. part is the number of the event in its message, utc_offset that
-- of the sender in seconds, category one of alerts or '', texts what it says in each language,
-- as JSON.
create table alert_official (
	id text primary key,
	feed text not null references alert_feed (address) on delete cascade,
	sender text not null,
	identifier text not null,
	sent_at {{int}} not null,
	part {{int}} not null,
	utc_offset {{int}} not null,
	category text not null,
	severity text not null,
	starts_at {{int}} not null,
	expires_at {{int}} not null,
	link text not null,
	page text not null,
	texts text not null,
	unique (feed, sender, identifier, sent_at, part)
) {{strict}};
create index alert_official_sent on alert_official (sent_at desc, id);
create index alert_official_feed on alert_official (feed, sent_at);
create index alert_official_expires on alert_official (expires_at);

-- The S2 cells that each is about, of any level down to the grid's.
create table alert_official_cell (
	cell {{int}} not null,
	official_id text not null references alert_official (id) on delete cascade,
	primary key (cell, official_id)
) {{clustered}};
create index alert_official_cell_official on alert_official_cell (official_id);
