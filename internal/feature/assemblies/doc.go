// Package assemblies is meetings that decide something together: the call, the
// agenda, who speaks next, timers, minutes with decisions and tasks, and how many
// were there.
//
// An assembly is a draft, is called with the notice that its group asks for or is
// marked as urgent, opens, and closes. Members add to the agenda; organizers put it
// in order. A member takes the role of facilitator or note-taker for the time being;
// only members see who. Whoever runs it goes from item to item and from speaker to
// speaker, and each such act says which step it follows on: of two who press at once,
// the second is told.
//
// Who wants to speak asks under a name of their choice. The names are shown in the
// room only, are sealed, and are erased with their key when the assembly closes, at
// the latest a day after its end: nothing stays of who spoke. How many were there is
// one number.
//
// Minutes are a draft, then published for members or for everybody, and frozen when
// approved; corrections are added below. Tasks become facts with the publication.
//
// Pages follow live: a stream says only which version there is now ([Hub]), and the
// page then asks for one small part that is rendered once for everybody.
//
// The feature owns the tables whose names begin with assembly. Of the table person it
// reads the handle of who has a role or a task.
package assemblies
