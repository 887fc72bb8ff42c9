// Package fetch reads a file from another server on behalf of a person, such
// as the calendar feed of a library, without becoming that person's way into
// the network that this server stands in (server-side request forgery).
//
// It is strict on purpose: HTTPS on port 443 only, no redirects, no proxy from
// the environment, no cookies, bounded time and size. Whether an address may
// be reached is decided on the very address that is dialled, after the name
// was resolved, so a name that resolves differently the second time (DNS
// rebinding) gains nothing.
//
// [Client] opens a connection for each request; [Kept] keeps them, for many small
// ones.
package fetch
