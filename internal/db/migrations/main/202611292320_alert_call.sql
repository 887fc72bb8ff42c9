-- Where a verifier is called when not by mail: the secret link of a subscription of theirs,
-- sealed.
alter table alert_verifier add column call_sealed {{blob}};
