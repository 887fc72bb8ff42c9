-- Where the node's log last told of a log (the index of that anchor, and one more),
-- and how much of the log a quorum of witnesses has cosigned by that.
alter table record_log add column anchor_at {{int}} not null default 0;
alter table record_log add column witnessed {{int}} not null default 0;
create index record_log_unwitnessed on record_log (anchor_at) where witnessed <> anchored and id <> 'log';

-- The witnesses that were asked: the size that each has cosigned, when it last
-- did, and why it last did not, since when.
create table record_asked (
	url text primary key,
	size {{int}} not null,
	answered_at {{int}} not null,
	failed_at {{int}} not null,
	why text not null
) {{clustered}};
