// Package attendance is signing up for an event: without an account, without a
// script, with nobody able to list who comes.
//
// It owns the tables roster, attendance and access_need. A roster is the rules
// and counters of one event; an attendance is one sign-up, known only by the
// hash of the secret that its holder has; what is personal in it is sealed under
// the event's key, and gone seven days after the event.
//
// The secret of a sign-up is minted into the form as its key. So a form sent
// twice is the same sign-up, by the primary key of the table and without a
// second mechanism.
package attendance
