// Package notify sends e-mail: plain text, and HTML made of the same parts, from
// one address, through one mail server, with nothing in it that tells whether or
// where it was read. Package dkim signs it, and package inbound takes what comes
// back.
//
// A message goes to one person. It says that a program wrote it (RFC 3834), so
// that absence notices do not answer it, and names neither the machine nor the
// software that sent it. No address reaches a log or an error text: what a
// server answers often quotes it, so only reply codes are kept.
//
// Sending belongs in a job, since it may take long, fail and be tried again.
// Package notifytest has a mail server for tests.
package notify
