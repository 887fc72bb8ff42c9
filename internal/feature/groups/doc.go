// Package groups holds the autonomous groups of a node: their public pages,
// their members and roles, and the links that invite to them.
//
// A group names itself, and nobody above it exists: an operator may suspend a
// group and has no other power in it. Its first steward is who started it, and
// it always keeps at least one. Who belongs to a group is known to its stewards
// alone.
//
// A group is open, takes who asks, or who was invited. What somebody says who
// asks is sealed, and erased with the answer. Rules of conduct have versions:
// whoever joins accepts the last one, and members are asked again when there is
// a new one.
//
// Who let whom in is noted, for stewards: they can remove a member together with
// all who came in through them. When a member goes otherwise, those whom they let
// in belong to whoever let that member in.
//
// Handles never change, so links keep working. A suspended group is absent for
// everybody but its members and the operators.
//
// The feature owns the tables groups, group_prefix, member, join_request,
// conduct and announcement. Of the table person it reads
// the handle, for the stewards' list.
package groups
