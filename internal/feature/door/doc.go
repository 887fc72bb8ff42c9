// Package door is checking in at the door of an event, by a short code or its
// picture and without a list: how many came of those who signed up, how many
// did not, and how many came besides.
//
// It owns the tables door_total, door and arrival. A door is a link for whoever
// stands there, without an account: it shows no list and nothing of a sign-up
// but how many people it is for and the times they chose. An arrival is one tap:
// a sign-up that came, or people without one. It has no time, it is named after
// the key of its form, so that a tap sent again never counts twice, and it goes
// with the sign-up. The totals change in the transaction that changes an arrival,
// and stay.
//
// Somebody on the waiting list may be let in: they count as people without
// sign-up, until a place comes free for them. Somebody who cancels after they
// came is still counted, as a person without sign-up.
package door
