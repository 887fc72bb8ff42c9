-- Networks of whose alerts a network wants to hear, and who named them: they do not also
-- pass on what those say.
create table alert_neighbour (
	network_id text not null references alert_network (id) on delete cascade,
	neighbour_id text not null references alert_network (id) on delete cascade,
	named_by text references person (id) on delete set null,
	primary key (network_id, neighbour_id)
) {{clustered}};
create index alert_neighbour_neighbour on alert_neighbour (neighbour_id);
create index alert_neighbour_named on alert_neighbour (named_by) where named_by is not null;

-- What a network did with an alert of a neighbour, known by the first of its chain: chain_id
-- is the first of the chain in which it passes that on; null, that it leaves it.
create table alert_passed (
	origin_id text not null references alert (id) on delete cascade,
	network_id text not null references alert_network (id) on delete cascade,
	chain_id text references alert (id) on delete cascade,
	primary key (origin_id, network_id)
) {{clustered}};
create index alert_passed_network on alert_passed (network_id);
create index alert_passed_chain on alert_passed (chain_id);
