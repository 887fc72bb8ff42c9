// Package alerts is how neighbours warn each other: a network of groups takes reports,
// verifies them, and only then tells everybody near.
//
// A network watches the cells of an area (see geo.GridCell: no cell is smaller than three
// square kilometres). Anybody can report something to it, without an account; what they
// report is seen by verifiers only, sealed, and forgotten within a day. Reports of one
// kind, near each other in place and time, are one case. Text messages and mail become the
// same reports, through the same call; see [Door].
//
// Nothing goes out that was not verified: one verifier says what the alert is to say,
// another one, whom neither let in nor was let in by the first (see groups.Related),
// confirms exactly that, and one of the two has seen it. Neither may have reported it.
// What an alert says is put together from fixed texts, in every language, so there is no
// field in which a person could be named. It always ends: after two hours unless told
// otherwise, after twelve at most.
//
// Alerts are chained. An update, a correction and an all-clear need two verifiers again;
// one is enough to withdraw. Each reaches all whom those before it reached: that is the
// feature subscriptions, which hears [fact.AlertSent]. Of one cell at most three go out
// within an hour, beside withdrawals. A drill says so in every line and has an address of
// its own. Each is a line of the public record, with the time, the verifiers' part in it
// and a hash of what it says.
//
// A network may pass on to its own area what a neighbour warns of: a chain of its own that
// says the same, with the neighbour's verifiers and one of this network in its line of the
// record. Whatever the neighbour does to its chain goes down that chain in the same
// transaction, so that no correction misses anybody whom the mistake reached; but for
// withdrawing it, nobody else can change it, and it ends no later. What was passed on is not
// passed on again, so there are no circles.
//
// After seven days an alert is a number among others.
//
// Beside alerts it shows what authorities warn of (see the package official), which nobody
// is sent unless verifiers make an alert of it.
//
// It owns the tables whose names begin with alert_ but for those of subscriptions and of
// official. Of the
// table person it reads the handle.
package alerts
