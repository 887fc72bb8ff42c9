-- A mark of what the form said that opened a poll, under the key of its discussion, so
-- that the same form with something else in it is refused.
alter table poll add column asked text not null default '';
