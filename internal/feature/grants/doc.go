// Package grants lets somebody do one thing for one event: manage it, or see its
// sign-ups.
//
// It owns the table event_grant. A manager edits the event and sees its numbers,
// with an account and without belonging to its group. Organizers of the group make
// managers by a link that works once; a link can be meant for one handle, and
// nothing is looked up when it is made, so that it tells nobody which handles exist.
//
// A roster steward is a member of the group whom one of its stewards named. They
// see the sign-ups of the event, a page at a time, and one address when they ask
// for it. Their handle is shown to everybody before they sign up, and every look is
// noted in the transaction that reads: who, what, which event, on which day.
//
// A grant ends a week after its event, with the account, when it is taken back, and
// that of a roster steward with the membership. In a suspended group it rests.
// What it allows is decided in package authz.
package grants
