-- What a shift needs at least, 0 for nothing said.
alter table slot add column least {{int}} not null default 0;
-- Which day of its event an estimate is about, 0 for the first; day says when that is.
alter table estimate add column nth {{int}} not null default 0;
-- A day's totals count an event on its first day, and on each later day of
-- which somebody says how many came. The events that began on a day are counted
-- apart, each with the range of its fullest day: so that they add up to a month.
alter table turnout_day add column began {{int}} not null default 0;
alter table turnout_day add column began_estimated {{int}} not null default 0;
alter table turnout_day add column began_low {{int}} not null default 0;
alter table turnout_day add column began_high {{int}} not null default 0;
update turnout_day set began = events, began_estimated = estimated, began_low = low, began_high = high;
