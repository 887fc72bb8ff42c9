// Package attendance is signing up for an event: without an account, without a
// script, with nobody able to list who comes but those whom a group's stewards name
// for one event: see [Roster], and the feature grants.
//
// It owns the tables roster, attendance and access_need. A roster is the rules
// and counters of one event; an attendance is one sign-up, known only by the
// hash of the secret that its holder has; what is personal in it is sealed under
// the event's key, and gone seven days after the event. It owns slot, slot_choice
// and slot_need too: spans of an event, each with its own places and line, that a
// sign-up chooses from; and reminder, reminded and event_notice: what those who
// signed up hear.
//
// A presence of many days has many slots: [Service.Fill] makes them from the
// shifts of a day, forms show one day of them, and the rota shows them all.
//
// The secret of a sign-up is minted into the form as its key. So a form sent
// twice is the same sign-up, by the primary key of the table and without a
// second mechanism.
package attendance
