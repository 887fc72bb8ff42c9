-- Events that repeat. rule is an RRULE as in RFC 5545, 3.3.10; starts is the
-- clock's time at the place, as 2026-05-05T18:00, and minutes how long each date
-- lasts by that clock. uid is the key of the form that made or changed it last,
-- version grows with every change that is meant for several dates. next_at is
-- when a series without an end gets its next dates, 0 for one that gets none.
create table series (
	id text primary key,
	group_id text not null references groups (id) on delete cascade,
	uid text not null,
	rule text not null,
	starts text not null,
	minutes {{int}} not null,
	all_day {{bool}} not null,
	zone text not null,
	version {{int}} not null,
	next_at {{int}} not null
) {{clustered}};
create unique index series_uid on series (group_id, uid);
create index series_due on series (next_at, id) where next_at > 0;

-- The dates of a series that were decided, each named by its original day
-- (yyyymmdd): with an event, or with none where it does not take place. own are
-- the parts that its event says itself.
create table series_date (
	series_id text not null references series (id) on delete cascade,
	day {{int}} not null,
	event_id text references event (id) on delete set null,
	own {{int}} not null,
	primary key (series_id, day)
) {{clustered}};
create unique index series_date_event on series_date (event_id);
