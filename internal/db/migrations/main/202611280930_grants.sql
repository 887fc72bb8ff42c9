-- What somebody was granted for one event: to manage it, or to see its sign-ups.
-- group_id is the event's. made_by is empty when a proposal's host took it over.
create table event_grant (
	event_id text not null references event (id) on delete cascade,
	person_id text not null references person (id) on delete cascade,
	kind text not null,
	id text not null unique,
	group_id text not null references groups (id) on delete cascade,
	made_by text references person (id) on delete set null,
	day {{int}} not null,
	ends_at {{int}} not null,
	primary key (event_id, person_id, kind)
) {{clustered}};
create index event_grant_person on event_grant (person_id, event_id);
create index event_grant_made_by on event_grant (made_by) where made_by is not null;
create index event_grant_group on event_grant (group_id, person_id);
create index event_grant_ends on event_grant (ends_at);

-- A link to help with one event. for_handle is who alone may use it, '' for anybody.
alter table invitation add column event_id text references event (id) on delete cascade;
alter table invitation add column for_handle text not null default '';
create index invitation_event on invitation (event_id) where event_id is not null;
create index invitation_for on invitation (for_handle) where for_handle <> '';

-- Who looked at what of one event.
create index audit_subject on audit (subject, action, day);

-- When the host of an accepted proposal asked for the link to help with its event;
-- 0 before.
alter table proposal add column help_day {{int}} not null default 0;
