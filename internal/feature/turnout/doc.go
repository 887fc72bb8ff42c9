// Package turnout says how many came, as ranges with their sources.
//
// It owns the tables estimate, turnout and turnout_day. An estimate is what one
// source says of one event; estimates stand side by side and are never averaged
// or replaced by a later one. One that lasts longer than 24 hours has estimates by
// day: a day's range goes from its lowest low to its highest high, and the
// event's is that of its fullest day (table turnout), never a sum, because the
// same people come again. The total of a day is the sum of the lows and the sum
// of the highs of its events, told together with how many events have no
// estimate (table turnout_day): an event counts on its first day, and on each
// later day of which somebody says how many came. Totals over many days, as by
// place, take each event once: on its first day, with the range of its fullest. The totals change in the transaction
// that changes an event or adds an estimate, and [Drifts] compares them with a
// recount.
//
// The features that own events tell this one of them through [Service.Set].
package turnout
