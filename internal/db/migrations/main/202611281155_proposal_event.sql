-- An event that goes must not look through all proposals for its own.
create index proposal_event on proposal (event_id) where event_id is not null;
