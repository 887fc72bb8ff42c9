-- Petitions. placed orders those of one state: by when they opened, closed, were
-- delivered or answered (microseconds). salt and the text give the hash in the box.
-- opens, closes, delivered and reply_by are days (yyyymmdd), 0 is none.
create table petition (
	id text primary key,
	group_id text not null references groups (id),
	campaign_id text references campaign (id),
	form text not null,
	slug text not null,
	state text not null,
	listed {{bool}} not null,
	placed {{int}} not null,
	gate text not null,
	lang text not null,
	addressee text not null,
	title text not null,
	markdown text not null,
	html text not null,
	stages text not null,
	opens {{int}} not null,
	closes {{int}} not null,
	box_id text references box (id),
	roll_id text references roll (id),
	salt text not null,
	eligible {{int}} not null,
	codes {{int}} not null,
	delivered {{int}} not null,
	reply_by {{int}} not null,
	silent_at {{int}} not null,
	silent {{bool}} not null,
	refused {{bool}} not null,
	expires_at {{int}} not null,
	told_at {{int}} not null,
	sequence {{int}} not null,
	created_at {{int}} not null,
	updated_at {{int}} not null
) {{clustered}};
create unique index petition_slug on petition (slug);
create unique index petition_form on petition (group_id, form);
create unique index petition_box on petition (box_id) where box_id is not null;
create index petition_list on petition (state, placed, id) where listed;
create index petition_group on petition (group_id, placed, id);
create index petition_campaign on petition (campaign_id, placed, id) where campaign_id is not null;
create index petition_due on petition (expires_at) where expires_at > 0;
create index petition_silence on petition (silent_at) where silent_at > 0;

-- What is said of a petition after it opened, in order: a corrected text, an
-- amendment, the delivery, the reply, a word on a batch, an update. hash is in the
-- record, of salt and what was said. ref is the batch that a word is on.
create table petition_entry (
	petition_id text not null references petition (id),
	n {{int}} not null,
	form text not null,
	kind text not null,
	day {{int}} not null,
	ref text not null,
	markdown text not null,
	html text not null,
	url text not null,
	refused {{bool}} not null,
	salt text not null,
	hash text not null,
	primary key (petition_id, n)
) {{clustered}};
create unique index petition_entry_form on petition_entry (petition_id, form);

-- Public names and comments, apart from the record and without a link to any key.
-- hash is of the secret of the private link; sealed under 'petition:ID'.
create table petition_comment (
	petition_id text not null references petition (id),
	hash {{blob}} not null,
	state text not null,
	day {{int}} not null,
	reason text not null,
	sealed {{blob}} not null,
	primary key (petition_id, hash)
) {{clustered}};
create index petition_comment_state on petition_comment (petition_id, state, hash);

-- Who wants to hear how it goes on. tag is the address's under the petition's key,
-- link the hash of the secret in its messages.
create table petition_follower (
	petition_id text not null references petition (id),
	tag {{blob}} not null,
	link {{blob}} not null,
	confirmed {{bool}} not null,
	asked_at {{int}} not null,
	sealed {{blob}} not null,
	primary key (petition_id, tag)
) {{clustered}};
create unique index petition_follower_link on petition_follower (petition_id, link);
create index petition_follower_asked on petition_follower (asked_at) where not confirmed;

-- Batches of paper sheets: counted by one organizer, confirmed by another, declared
-- in the box then. Who counted is a tag under the petition's key.
create table petition_batch (
	petition_id text not null references petition (id),
	n {{int}} not null,
	form text not null,
	state text not null,
	day {{int}} not null,
	signatures {{int}} not null,
	codes text not null,
	counter {{blob}} not null,
	note text not null,
	primary key (petition_id, n)
) {{clustered}};
create unique index petition_batch_form on petition_batch (petition_id, form);
create table petition_sheet (
	petition_id text not null references petition (id),
	code text not null,
	batch {{int}} not null,
	primary key (petition_id, code)
) {{clustered}};
