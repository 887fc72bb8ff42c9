-- A group's dated texts. day is yyyymmdd, as the group says; revised is the day
-- of the last change after publication that got no correction, 0 for none. uid
-- is the key of the form, or the name that an import knows the text by.
create table statement (
	id text primary key,
	group_id text not null references groups (id) on delete cascade,
	uid text not null,
	slug text not null,
	state text not null,
	listed {{bool}} not null,
	day {{int}} not null,
	lang text not null,
	byline text not null,
	tags text not null,
	picture text not null,
	picture_alt text not null,
	revised {{int}} not null,
	withdrawn {{int}} not null,
	why text not null,
	sequence {{int}} not null,
	created_at {{int}} not null,
	updated_at {{int}} not null
) {{strict}};
create unique index statement_slug on statement (group_id, slug);
create unique index statement_uid on statement (group_id, uid);
create index statement_list on statement (day, id) where listed;
create index statement_group on statement (group_id, day, id) where listed;
create index statement_draft on statement (group_id, id) where state = 'draft';

-- What a statement says in each language. day and listed are the statement's,
-- so that a search by language walks along one index; hash is of the file that
-- an import took the text from.
create table statement_text (
	statement_id text not null references statement (id) on delete cascade,
	lang text not null,
	day {{int}} not null,
	listed {{bool}} not null,
	title text not null,
	markdown text not null,
	html text not null,
	hash {{blob}},
	primary key (statement_id, lang)
) {{clustered}};
create index statement_text_list on statement_text (lang, day, statement_id) where listed;

-- What was corrected after publication, and when; nothing here is ever changed.
create table statement_correction (
	statement_id text not null references statement (id) on delete cascade,
	number {{int}} not null,
	day {{int}} not null,
	lang text not null,
	note text not null,
	primary key (statement_id, number)
) {{clustered}};
