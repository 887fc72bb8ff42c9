-- What another server told of the votes on a proposal that came in with its group, as
-- JSON. Their record stays there.
create table poll_told (
	proposal_id text primary key references poll_proposal (id) on delete cascade,
	votes text not null
) {{clustered}};
