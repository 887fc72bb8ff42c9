-- Where exactly an event is, sealed, when not everybody is to know yet: one row
-- an event that ever had one, and sealed is empty when it was taken back. early
-- says that those who signed up see it at once; from shown_at on everybody does,
-- while the event starts at starts_at, as it did when that hour was chosen.
create table exact_place (
	event_id text primary key references event (id) on delete cascade,
	sealed {{blob}} not null,
	early {{bool}} not null,
	shown_at {{int}},
	starts_at {{int}} not null,
	version {{int}} not null
) {{clustered}};
