-- What a petition says in further languages, for reading alone: what is signed,
-- and what the record has, is the original. made_of and credit are as with events.
create table petition_text (
	petition_id text not null references petition (id) on delete cascade,
	lang text not null,
	addressee text not null,
	title text not null,
	markdown text not null,
	html text not null,
	credit text not null,
	made_of text not null,
	primary key (petition_id, lang)
) {{clustered}};
