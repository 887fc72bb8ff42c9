-- The poll that let a campaign stand down, or decided that its last demand is met; '' is
-- none.
alter table campaign_down add column poll text not null default '';
