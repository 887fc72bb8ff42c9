// Package coalitions is groups whose members are groups. A coalition is an ordinary
// group with its page, events, statements, campaigns and petitions; this package has
// who belongs to it, on which terms, and who speaks there for whom.
//
// A group asks to come in or is invited, agrees to the points of unity in a version,
// says how many members it has as one of a few bands, and leaves when it wants with
// everything that is its own. Nobody throws it out but a decision of the coalition. A
// coalition can belong to another one, and to several; a circle is refused.
//
// A member group has seats. On each sits a delegate that the group chose, for a term,
// who accepted; the group can recall them at any moment, and a mandate ends by itself
// with its term, or when the delegate or the group leaves. An alternate then stands in.
// Delegates are the only persons in a coalition: they organize it, and one of them is
// its steward, by rule.
//
// Whose weight counts for what is in [weigh]. Everybody may know the member groups,
// their seats, terms and weights; handles of delegates only delegates of the coalition
// and members of the group that sent them.
//
// The feature owns the tables coalition, coalition_points, coalition_member, delegate
// and working_group. Of the table person it reads the handle, of the table groups name
// and state.
package coalitions
