// Package turnout says how many came, as ranges with their sources.
//
// It owns the tables estimate, turnout and turnout_day. An estimate is what one
// source says of one event; estimates stand side by side and are never averaged
// or replaced by a later one. An event's range goes from the lowest low to the
// highest high of its estimates (table turnout); a day's is the sum of the lows
// and the sum of the highs of its events, told together with how many events
// have no estimate (table turnout_day). The totals change in the transaction
// that changes an event or adds an estimate, and [Drifts] compares them with a
// recount.
//
// The features that own events tell this one of them through [Service.Set].
package turnout
