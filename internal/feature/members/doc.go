// Package members is what a group is to those in it, and to those who come: a page
// for newcomers, skills that members offer, a weekly mail of what is new, and what
// happens when nobody looks after the group any more.
//
// The newcomers' page is public if organizers say so. Who offers which skill is for
// organizers of that one group, and only where the member says so; other members see
// sums. Skills end after 180 days unless they are confirmed, are never looked up over
// groups, and the line in one's own words is sealed under the key of its month, which
// is destroyed. The weekly mail goes to whoever asked for it, at the address that their
// account has confirmed, and to nobody in a week in which nothing is new. All of it goes
// with the membership.
//
// A group in which no organizer has done anything for some months is quiet. Its page
// says so and its stewards are told; when none of them answers, a member can take it on
// by the rule in dormant.go. What is kept is a day of the group, up to a week old, and
// of nobody's.
//
// The feature owns the tables start_page, skill, digest and dormancy. Of the table
// person it reads the handle, for organizers.
package members
