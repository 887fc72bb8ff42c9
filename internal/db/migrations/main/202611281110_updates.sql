-- The campaign that a statement is an update of; null for most statements.
alter table statement add column campaign_id text references campaign (id);
create index statement_campaign on statement (campaign_id, day, id) where campaign_id is not null;
