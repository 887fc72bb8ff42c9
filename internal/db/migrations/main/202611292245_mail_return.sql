-- Addresses whose mail server does not know them: a keyed mark (HMAC-SHA-256, cut to 12
-- bytes) and the day (yyyymmdd) from which they may get news again.
create table mail_return (
	mark {{blob}} primary key,
	until_day {{int}} not null
) {{clustered}};
create index mail_return_until on mail_return (until_day);
