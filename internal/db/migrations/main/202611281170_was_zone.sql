-- How the time before the last move was told: in which zone, '' is that of now, and
-- whether as a day.
alter table event add column was_zone text not null default '';
alter table event add column was_all_day {{bool}} not null default false;
update event set was_all_day = all_day where was_starts_at is not null;

-- The start of its event when a slot was last saved: a slot stays when its event is moved.
alter table slot add column event_at {{int}} not null default 0;
update slot set event_at = (select starts_at from event where event.id = slot.event_id);
