-- The zone that the time before the last move was told in; '' is the zone of now.
alter table event add column was_zone text not null default '';

-- The start of its event when a slot was last saved: a slot stays when its event is moved.
alter table slot add column event_at {{int}} not null default 0;
update slot set event_at = (select starts_at from event where event.id = slot.event_id);
