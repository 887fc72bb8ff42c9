-- A group that has ended its work keeps its pages and takes nothing new. ended_at
-- is 0 while it goes on; cleared says that what was personal is deleted. moved_to
-- is the address at which a group says that it is now.
alter table groups add column ended_at {{int}} not null default 0;
alter table groups add column cleared {{bool}} not null default false;
alter table groups add column moved_to text not null default '';
create index groups_ended on groups (ended_at) where ended_at > 0 and not cleared;
