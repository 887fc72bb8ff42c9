-- Translations that somebody proposed and no operator has answered. Nothing says
-- who proposed one. forms is a JSON list, one text for each plural form; text
-- names the English text and its context by a hash.
create table translation (
	id text primary key,
	lang text not null,
	text text not null,
	context text not null,
	msgid text not null,
	forms text not null,
	made_at {{int}} not null
) {{strict}};
create index translation_text on translation (lang, text);
create index translation_made on translation (made_at, id);
