-- Petitions and pledges that came in with their group: where people took part, with
-- the numbers that the other server told, as JSON. Empty for those of this server.
alter table petition add column elsewhere text not null default '';
alter table pledge add column elsewhere text not null default '';
