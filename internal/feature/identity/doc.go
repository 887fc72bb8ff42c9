// Package identity lets people in: accounts with a handle and a generated
// passphrase, signed-in browsers, links that let somebody in once, and the
// node's first set-up.
//
// An account is pseudonymous: a handle and a way to sign in, nothing else. The
// passphrase is always drawn by the server and shown once. Neither an address
// nor a browser's name is stored, and times of people only by the day.
//
// Set-up, invitations and resets are one mechanism: a row of the table
// invitation, found by the hash of a secret, usable once. Opening a link
// changes nothing; sending its form consumes it.
//
// The feature owns the tables person, session, invitation, audit and setting.
package identity
