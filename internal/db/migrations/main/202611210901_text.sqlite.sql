-- Full text: words are folded and separated before they come here, so that both
-- engines find the same. The row id is event.at_key.
create virtual table event_text using fts5 (
	words, content = '', contentless_delete = 1, detail = none, tokenize = 'unicode61 remove_diacritics 0'
);
