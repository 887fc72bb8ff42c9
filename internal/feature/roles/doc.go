// Package roles is taking a role at an event: marshal, medic, legal observer, or
// what the group calls it. Roles are shown, never who has one.
//
// It owns the tables role_count, role_rule, role_offer and role_confirmation. The
// programme of an event says how many are needed in which role; whoever has
// signed up may offer to take one, and organizers answer, one or two of them as
// the event's rule says. An offer is known by the hash of the secret of its
// sign-up, shown to organizers as a short code, and gone with the sign-up; its
// note is sealed under the event's key.
//
// No more are confirmed than are needed. Of the offers that have no answer yet,
// as many are "offered" as could still be confirmed, in the order in which they
// came; the others are in reserve and move up by themselves. [Service.settle] is
// that rule, called by everything that changes a counter.
//
// The features that own programmes and sign-ups tell this one of them through
// facts.
package roles
