-- Full text: words are folded and separated before they come here, so that both
-- engines find the same. The row id is event.at_key.
create table event_text (
	rowid bigint primary key,
	words tsvector not null
);
create index event_text_words on event_text using gin (words);
