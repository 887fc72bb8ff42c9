-- What to bring to each event of a campaign, with the rest that they share.
alter table campaign_template add column bring text not null default '';

-- The key of the request that added a demand; '' when a page's form did.
alter table demand add column form text not null default '';

-- Events that say nothing of their own to bring follow their campaign in this,
-- too: bit 16 of what they follow.
update event set follows = follows + 16 where campaign_id is not null and follows < 16
	and not exists (select 1 from programme p where p.event_id = event.id and p.bring <> '');
