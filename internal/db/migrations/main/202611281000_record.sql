-- The public record. A log is named by its path: 'log', 'b/ID' or 'r/ID'. edge is
-- the roots of its largest full subtrees, from the left; checkpoint is the signed
-- note of its size; cosigned is the last one that enough witnesses signed too
-- (the node's log only); anchored is the size that the node's log last told.
create table record_log (
	id text primary key,
	size {{int}} not null,
	root {{blob}} not null,
	edge {{blob}} not null,
	checkpoint text not null,
	cosigned text not null,
	anchored {{int}} not null,
	closed {{bool}} not null
) {{clustered}};
create index record_log_due on record_log (id) where anchored <> size and id <> 'log';

-- The leaves of the last bundle, until it has 256.
create table record_tail (
	log_id text not null references record_log (id),
	idx {{int}} not null,
	leaf {{blob}} not null,
	primary key (log_id, idx)
) {{clustered}};

-- Full bundles of leaves, and tiles of hashes: those of level 0 when they are
-- full, those above as they grow. Nothing here has a time or an order but the log's.
create table record_bundle (
	log_id text not null references record_log (id),
	idx {{int}} not null,
	data {{blob}} not null,
	primary key (log_id, idx)
) {{strict}};
create table record_tile (
	log_id text not null references record_log (id),
	level {{int}} not null,
	idx {{int}} not null,
	data {{blob}} not null,
	primary key (log_id, level, idx)
) {{strict}};

-- Sets of keys that have taken part, in a log or for a slot, so that each counts once: new ones as
-- rows, the others in sorted runs (see docs/decisions/0031). k is the first 16
-- bytes of a key, idx its leaf.
create table record_fresh (
	set_id text not null,
	k {{blob}} not null,
	idx {{int}} not null,
	primary key (set_id, k)
) {{clustered}};
create table record_run (
	id text primary key,
	set_id text not null,
	level {{int}} not null,
	keys {{int}} not null,
	ready {{bool}} not null
) {{clustered}};
create index record_run_set on record_run (set_id);
create table record_run_part (
	run_id text not null references record_run (id) on delete cascade,
	first {{blob}} not null,
	data {{blob}} not null,
	primary key (run_id, first)
) {{strict}};

-- The node's signing key and the keys of slots, sealed.
create table record_key (
	name text primary key,
	sealed {{blob}} not null
) {{clustered}};

-- What this node has cosigned of other nodes' logs: never anything smaller.
create table record_witnessed (
	origin text primary key,
	size {{int}} not null,
	root {{blob}} not null,
	checkpoint text not null
) {{clustered}};
