-- about is the person that something was done to, when it is not who did it.
alter table audit add column about text not null default '';
create index audit_person on audit (person_id);
create index audit_about on audit (about) where about <> '';
create index invitation_made_by on invitation (made_by) where made_by is not null;

-- Codes on paper, each of which signs its person in once. hash is of the
-- person's id and the code.
create table recovery_code (
	hash {{blob}} primary key,
	person_id text not null references person (id) on delete cascade,
	made_day {{int}} not null
) {{clustered}};
create index recovery_code_person on recovery_code (person_id);

-- Where mail reaches a person. tag finds the row by its address, with a key
-- that is nobody's own; the address is sealed under the key of this row.
create table person_mail (
	person_id text primary key references person (id) on delete cascade,
	key_id text not null,
	tag {{blob}} not null unique,
	sealed {{blob}} not null,
	confirmed_day {{int}} not null
) {{clustered}};

-- Mails with a link and a code, for ten minutes. person_id is who adds an
-- address; empty when somebody would sign in, known or not. The address is
-- sealed under the key of the day; link, code and the form that asked are hashes.
create table mail_link (
	id text primary key,
	key_id text not null,
	person_id text references person (id) on delete cascade,
	tag {{blob}} not null,
	sealed {{blob}} not null,
	hash {{blob}} not null unique,
	code {{blob}} not null,
	form {{blob}} not null,
	lang text not null,
	tries {{int}} not null,
	made_at {{int}} not null
) {{clustered}};
create index mail_link_tag on mail_link (tag, made_at);
create index mail_link_form on mail_link (form, made_at);
create index mail_link_age on mail_link (made_at);
create index mail_link_person on mail_link (person_id) where person_id is not null;

-- Keys in devices. data is the public key, with its flags and counter; what the
-- device told of its make is not kept.
create table passkey (
	credential {{blob}} primary key,
	id text not null unique,
	person_id text not null references person (id) on delete cascade,
	name text not null,
	data text not null,
	created_day {{int}} not null,
	used_day {{int}} not null
) {{clustered}};
create index passkey_person on passkey (person_id);

-- What a device was asked to sign, once and within five minutes. person_id is
-- who is signed in, if anybody.
create table passkey_challenge (
	hash {{blob}} primary key,
	person_id text references person (id) on delete cascade,
	use text not null,
	data text not null,
	made_at {{int}} not null
) {{clustered}};
create index passkey_challenge_age on passkey_challenge (made_at);
create index passkey_challenge_person on passkey_challenge (person_id) where person_id is not null;

-- Somebody who lost every way in, and the stewards of a group who know them.
-- starts_at is when the second one confirmed, 0 before.
create table recovery (
	person_id text primary key references person (id) on delete cascade,
	group_id text not null references groups (id) on delete cascade,
	first_by text not null references person (id) on delete cascade,
	second_by text references person (id) on delete cascade,
	made_at {{int}} not null,
	starts_at {{int}} not null
) {{clustered}};
create index recovery_group on recovery (group_id);
create index recovery_first on recovery (first_by);
create index recovery_second on recovery (second_by) where second_by is not null;
