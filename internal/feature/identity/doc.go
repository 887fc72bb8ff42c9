// Package identity lets people in: accounts with a handle and a generated
// passphrase, signed-in browsers, links that let somebody in once, and the
// node's first set-up.
//
// An account is pseudonymous: a handle and a way to sign in, nothing else. The
// passphrase is always drawn by the server and shown once. Neither an address
// nor a browser's name is stored, and times of people only by the day, but for
// some minutes in which they matter: see docs/decisions/0014.
//
// Set-up, invitations and resets are one mechanism: a row of the table
// invitation, found by the hash of a secret, usable once. Opening a link
// changes nothing; sending its form consumes it. The same form may be sent again
// for ten minutes, because the answer with the words may be lost.
//
// Everybody sees all that the server holds about them, takes it along, and can
// erase it; see [Held].
//
// The feature owns the tables person, session, invitation, recovery_code,
// person_mail, mail_link, passkey, passkey_challenge, recovery, audit and setting.
package identity
