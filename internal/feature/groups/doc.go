// Package groups holds the autonomous groups of a node: their public pages,
// their members and roles, and the links that invite to them.
//
// A group names itself, and nobody above it exists: an operator may suspend a
// group and has no other power in it. Its first steward is who started it, and
// it always keeps at least one. Who belongs to a group is known to its stewards
// alone.
//
// Handles never change, so links keep working. A suspended group is absent for
// everybody but its members and the operators.
//
// The feature owns the tables groups and member. Of the table person it reads
// the handle, for the stewards' list.
package groups
