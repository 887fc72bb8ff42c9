-- Whom a chain reached is a row a commit, with the ids of all that it is about, in place of a
-- row for each of them: sure says that alert n was handed over to them, else it may have been.
-- ids are each as long as the other, one behind the other. fresh are those of them who had
-- heard nothing of the chain before. Rows go some days after the chain is over.
create table alert_reach (
	chain text not null,
	channel text not null,
	seq {{int}} not null,
	n {{int}} not null,
	sure {{bool}} not null,
	fresh {{int}} not null,
	ids text not null,
	at {{int}} not null,
	primary key (chain, channel, seq)
) {{clustered}};

-- What a process has in the air of alert n, in the same form, and how many it has delivered
-- since it began, which are not counted yet.
create table alert_air (
	chain text not null,
	channel text not null,
	runner text not null,
	n {{int}} not null,
	ids text not null,
	delivered {{int}} not null,
	primary key (chain, channel)
) {{clustered}};

insert into alert_reach (chain, channel, seq, n, sure, fresh, ids, at)
	select chain, channel, row_number() over (partition by chain, channel order by heard_at, sure, subscription_id), n, sure, case when sure then 1 else 0 end, subscription_id, heard_at
	from (
		select chain, channel, subscription_id, heard as n, true as sure, heard_at from alert_heard where heard > 0
		union all
		select chain, channel, subscription_id, air, false, heard_at from alert_heard where air > 0
	) as everybody;

drop table alert_heard;

create index alert_run_channel on alert_run (channel, chain);
