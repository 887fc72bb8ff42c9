-- Rides to an event. No row says who: what belongs to a sign-up refers to it by
-- its hash and goes with it.

-- One row an event that has rides; all others go with it, seven days after the
-- event.
create table ride_board (
	event_id text primary key references roster (event_id) on delete cascade,
	ends_at {{int}} not null
) {{clustered}};
create index ride_board_ended on ride_board (ends_at);

-- Totals of one town: seats offered and taken in rides from there, and seats
-- that people from there still look for. refs is how many offers and needs name
-- the town.
create table ride_town (
	event_id text not null references ride_board (event_id) on delete cascade,
	town text not null,
	lat {{real}} not null,
	lon {{real}} not null,
	zone text not null,
	offered {{int}} not null,
	taken {{int}} not null,
	wanted {{int}} not null,
	refs {{int}} not null,
	primary key (event_id, town)
) {{clustered}};

-- Seats offered, by one sign-up or, without a hash, in a bus of the organizers.
-- Meeting point, note and way back are sealed under the event's key.
-- event_starts and event_place are the event's when the offer was last written.
create table ride_offer (
	event_id text not null references ride_board (event_id) on delete cascade,
	id text not null,
	hash {{blob}},
	town text not null,
	leaves_at {{int}} not null,
	seats {{int}} not null,
	taken {{int}} not null,
	wheelchair {{bool}} not null,
	version {{int}} not null,
	event_starts {{int}} not null,
	event_place text not null,
	sealed {{blob}} not null,
	primary key (event_id, id),
	foreign key (event_id, hash) references attendance (event_id, hash) on delete cascade
) {{clustered}};
create unique index ride_offer_holder on ride_offer (event_id, hash);
create index ride_offer_free on ride_offer (event_id, town, leaves_at) where taken < seats;

-- Seats that one sign-up needs, and how many of them it has taken.
create table ride_need (
	event_id text not null references ride_board (event_id) on delete cascade,
	hash {{blob}} not null,
	town text not null,
	seats {{int}} not null,
	taken {{int}} not null,
	primary key (event_id, hash),
	foreign key (event_id, hash) references attendance (event_id, hash) on delete cascade
) {{clustered}};

-- Seats taken. The code phrase is sealed; version is that of the offer that the
-- taker has seen.
create table ride_seat (
	event_id text not null,
	offer_id text not null,
	hash {{blob}} not null,
	seats {{int}} not null,
	version {{int}} not null,
	sealed {{blob}} not null,
	primary key (event_id, offer_id, hash),
	foreign key (event_id, offer_id) references ride_offer (event_id, id) on delete cascade,
	foreign key (event_id, hash) references attendance (event_id, hash) on delete cascade
) {{clustered}};
create index ride_seat_holder on ride_seat (event_id, hash);

-- Which of the prepared sentences one side sent; without a hash it is from who
-- offers to all who ride along.
create table ride_message (
	event_id text not null,
	id text not null,
	offer_id text not null,
	hash {{blob}},
	made_at {{int}} not null,
	sealed {{blob}} not null,
	primary key (event_id, id),
	foreign key (event_id, offer_id) references ride_offer (event_id, id) on delete cascade,
	foreign key (event_id, offer_id, hash) references ride_seat (event_id, offer_id, hash) on delete cascade
) {{clustered}};
create index ride_message_offer on ride_message (event_id, offer_id, hash, made_at);

-- That somebody who signed up finds an offer to break the rules.
create table ride_report (
	event_id text not null,
	offer_id text not null,
	hash {{blob}} not null,
	primary key (event_id, offer_id, hash),
	foreign key (event_id, offer_id) references ride_offer (event_id, id) on delete cascade,
	foreign key (event_id, hash) references attendance (event_id, hash) on delete cascade
) {{clustered}};
create index ride_report_holder on ride_report (event_id, hash);

-- What a sign-up should know of a ride that is no more.
create table ride_news (
	event_id text not null references ride_board (event_id) on delete cascade,
	hash {{blob}} not null,
	offer_id text not null,
	what text not null,
	town text not null,
	sealed {{blob}} not null,
	primary key (event_id, hash, offer_id),
	foreign key (event_id, hash) references attendance (event_id, hash) on delete cascade
) {{clustered}};
