-- What of a decision could not be carried out, one a line: why, and after a blank the
-- option for which it could not.
alter table poll add column undone text not null default '';
