-- Rolls: who may take part. manifest is the leaf that opened it. What is private
-- is sealed under the scope 'roll:ID', which is destroyed when its last box closes.
create table roll (
	id text primary key,
	manifest {{blob}} not null,
	gate text not null,
	group_id text references groups (id),
	ended {{bool}} not null,
	issued {{int}} not null,
	assisted {{int}} not null
) {{clustered}};
create index roll_group on roll (group_id) where group_id is not null;

-- Slots: one box each. sealed is the key that signs credentials, under the scope
-- 'slot:ID:N', destroyed when the box closes.
create table slot_key (
	roll_id text not null references roll (id),
	n {{int}} not null,
	sealed {{blob}} not null,
	frozen {{bool}} not null,
	issued {{int}} not null,
	activated {{int}} not null,
	primary key (roll_id, n)
) {{clustered}};

-- The commitments of a closed roll, as its log has them.
create table roll_member (
	roll_id text not null references roll (id),
	commitment {{blob}} not null,
	idx {{int}} not null,
	primary key (roll_id, commitment)
) {{clustered}};

-- Codes that were printed and not used yet, as keyed tags.
create table roll_code (
	roll_id text not null references roll (id),
	tag {{blob}} not null,
	primary key (roll_id, tag)
) {{clustered}};

-- Who has taken a credential, as a keyed tag: for which slots, and what was signed,
-- so that a lost answer can be given again. No order, no time; gone with the roll.
create table issued (
	roll_id text not null references roll (id),
	tag {{blob}} not null,
	slots {{int}} not null,
	hash {{blob}} not null,
	primary key (roll_id, tag)
) {{clustered}};

-- Boxes. manifest is the leaf that opened it; counted is how many statements
-- count now, declared how many were counted on paper.
create table box (
	id text primary key,
	roll_id text not null references roll (id),
	slot {{int}} not null,
	kind text not null,
	manifest {{blob}} not null,
	closed {{bool}} not null,
	closes_at {{int}} not null,
	counted {{int}} not null,
	withdrawn {{int}} not null,
	declared {{int}} not null,
	done {{int}} not null
) {{clustered}};
create unique index box_slot on box (roll_id, slot);
create index box_due on box (closes_at) where not closed and closes_at > 0;

-- What a key says now, where it can say something else later. leaf is the first
-- 16 bytes of SHA-256 of the leaf that counts.
create table box_say (
	box_id text not null references box (id),
	k {{blob}} not null,
	counter {{int}} not null,
	leaf {{blob}} not null,
	idx {{int}} not null,
	threshold {{int}} not null,
	part {{int}} not null,
	live {{bool}} not null,
	done {{bool}} not null,
	primary key (box_id, k)
) {{clustered}};

-- How many live pledges have which threshold: the curve of a box.
create table box_curve (
	box_id text not null references box (id),
	part {{int}} not null,
	threshold {{int}} not null,
	people {{int}} not null,
	primary key (box_id, part, threshold)
) {{clustered}};

-- Counts that were reached, and when; never taken back. part is -1 for the whole.
create table box_milestone (
	box_id text not null references box (id),
	part {{int}} not null,
	goal {{int}} not null,
	reached_at {{int}} not null,
	primary key (box_id, part, goal)
) {{clustered}};
