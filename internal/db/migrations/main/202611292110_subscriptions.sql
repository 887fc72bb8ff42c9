-- Who hears of alerts. What leads to somebody (the secret of their link, and where to
-- write) is sealed under the scope 'alerts:MONTH'; tag is a keyed hash of where, hash that
-- of the secret. centre is the S2 cell in the middle of their area, of the level of its
-- size; categories is '' for all. Minutes of the day bound the quiet hours, none when they
-- are equal. Rows go at ends_at.
create table alert_subscription (
	id text primary key,
	month text not null,
	channel text not null,
	centre {{int}} not null,
	hash {{blob}} not null unique,
	tag {{blob}} not null unique,
	sealed {{blob}} not null,
	lang text not null,
	categories text not null,
	drills {{bool}} not null,
	quiet_from {{int}} not null,
	quiet_to {{int}} not null,
	zone text not null,
	confirmed {{bool}} not null,
	tries {{int}} not null,
	asked_at {{int}} not null,
	ends_at {{int}} not null
) {{strict}};
create index alert_subscription_centre on alert_subscription (centre, channel, id) where confirmed;
create index alert_subscription_ends on alert_subscription (ends_at);
create index alert_subscription_month on alert_subscription (month);

-- Months that may have a key.
create table alert_month (
	month text primary key
) {{clustered}};

-- What goes out: n counts the alerts of a chain. mended is the n of the last correction or
-- withdrawal up to this one. cells are those of the grid, as JSON.
create table alert_broadcast (
	alert_id text primary key,
	chain text not null,
	n {{int}} not null,
	kind text not null,
	drill {{bool}} not null,
	category text not null,
	cells text not null,
	mended {{int}} not null,
	expires_at {{int}} not null,
	unique (chain, n)
) {{clustered}};
create index alert_broadcast_expires on alert_broadcast (expires_at);

-- How far the newest alert of a chain is on one channel: the process that sends it until
-- lease_until, the last of the area that was handed to it, and when there is something to
-- do again.
create table alert_run (
	chain text not null,
	channel text not null,
	n {{int}} not null,
	runner text not null,
	lease_until {{int}} not null,
	centre {{int}} not null,
	after_id text not null,
	wake_at {{int}} not null,
	primary key (chain, channel)
) {{clustered}};
create index alert_run_wake on alert_run (wake_at);

-- Whom a chain reached, so that what corrects it reaches them: heard is the n of the last
-- alert that was handed over, air that of one that may have been. Rows go some days after
-- the chain is over.
create table alert_heard (
	chain text not null,
	channel text not null,
	subscription_id text not null references alert_subscription (id) on delete cascade,
	heard {{int}} not null,
	air {{int}} not null,
	heard_at {{int}} not null,
	primary key (chain, channel, subscription_id)
) {{clustered}};
create index alert_heard_subscription on alert_heard (subscription_id, heard_at);

-- Who gets an alert later: after quiet hours, or when their service works again.
create table alert_later (
	alert_id text not null references alert_broadcast (alert_id) on delete cascade,
	channel text not null,
	subscription_id text not null references alert_subscription (id) on delete cascade,
	tries {{int}} not null,
	due_at {{int}} not null,
	primary key (alert_id, channel, subscription_id)
) {{clustered}};
create index alert_later_due on alert_later (alert_id, channel, due_at);
create index alert_later_subscription on alert_later (subscription_id);

-- How it went, in numbers that stay.
create table alert_broadcast_count (
	alert_id text not null,
	channel text not null,
	delivered {{int}} not null,
	failed {{int}} not null,
	gone {{int}} not null,
	opted_out {{int}} not null,
	primary key (alert_id, channel)
) {{clustered}};
