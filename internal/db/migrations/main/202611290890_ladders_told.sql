-- What another server told of a ladder whose campaign came in with its group, as JSON.
-- Its record stays there.
create table ladder_elsewhere (
	campaign_id text primary key references campaign (id) on delete cascade,
	told text not null
) {{clustered}};
