-- How a coalition weighed the votes of a poll when it opened; '' for other groups. It
-- stands in the text, too, whose hash the record holds.
alter table poll add column weights text not null default '';
