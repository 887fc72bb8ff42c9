-- Whether the key of the addresses of those who wanted news of a pledge is gone: it
-- goes 30 days after the deadline, when no address is left.
alter table pledge add column news_over {{int}} not null default 0;
create index pledge_news_due on pledge (deadline) where news_over = 0 and state <> 'draft';

-- When somebody confirmed that they want updates, nobody needs to know since when.
update petition_follower set asked_at = 0 where confirmed;

-- Whose members a closed roll was made of is nowhere read: the petition or pledge
-- says it.
drop index roll_group;
alter table roll drop column group_id;
