-- The zone that the time before the last move was told in; '' is the zone of now.
alter table event add column was_zone text not null default '';
