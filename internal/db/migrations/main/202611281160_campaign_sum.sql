-- How many come to all events of a campaign is added up from the index alone.
drop index roster_campaign;
create index roster_campaign on roster (campaign_id, going) where campaign_id is not null;
