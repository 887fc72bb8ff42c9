-- Why a poll is called off before voting begins, for everybody to read.
alter table poll add column why text not null default '';
