-- Demands that groups put forward before a campaign settles which ones it makes.
-- into_id is the one that this was merged into, number the demand that came of it.
create table demand_candidate (
	id text primary key,
	form text not null unique,
	campaign_id text not null references campaign (id) on delete cascade,
	group_id text not null references groups (id) on delete cascade,
	body text not null,
	addressee text not null,
	state text not null,
	into_id text,
	number {{int}} not null,
	day {{int}} not null
) {{clustered}};
create index demand_candidate_campaign on demand_candidate (campaign_id, id);
create index demand_candidate_group on demand_candidate (group_id);
create index demand_candidate_into on demand_candidate (into_id) where into_id is not null;

-- The poll that made a demand, or moved it.
alter table demand_change add column poll text not null default '';
