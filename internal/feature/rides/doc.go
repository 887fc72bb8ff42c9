// Package rides brings people to an event together: seats offered and seats
// needed, by town, without an address, a name or a look at who travels.
//
// Who has signed up offers seats or looks for some, on a page behind their
// private page. What a stranger sees is totals of towns. What is written (meeting
// point, note, way back) is checked for addresses and numbers, sealed under the
// event's key and shown to those who signed up; a code phrase lets the two sides
// find each other. They send each other sentences from a list and none of their
// own: the node carries no private messages that it could read.
//
// It owns the tables ride_board, ride_town, ride_offer, ride_need, ride_seat,
// ride_message, ride_report and ride_news. Everything of a sign-up refers to it
// and goes with it. The counters (taken in ride_offer and ride_need, and those of
// ride_town) change in the transaction of what they count; [Drifts] compares them
// with the rows.
package rides
