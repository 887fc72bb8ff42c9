-- What an event says in further languages. made_of is the hash of what the
-- original said then, so that a later change shows; '' is not known. credit is
-- the public name of who translated, which they chose to leave.
create table event_version (
	event_id text not null references event (id) on delete cascade,
	lang text not null,
	title text not null,
	description text not null,
	description_html text not null,
	access_note text not null,
	bring text not null,
	bring_html text not null,
	credit text not null,
	made_of text not null,
	primary key (event_id, lang)
) {{clustered}};

alter table statement_text add column credit text not null default '';
alter table statement_text add column made_of text not null default '';
alter table campaign_text add column credit text not null default '';
alter table campaign_text add column made_of text not null default '';
-- The public name that whoever proposed a translation may have left.
alter table translation add column credit text not null default '';
