// Package ladders is how a campaign steps up or stands down, by rules that everybody
// can read beforehand: its steps in order, with branches, and the gate of each, which
// is what has to happen before it opens.
//
// A gate is a small expression of conditions (see [Gate]). What has happened stays so:
// a number that was reached once counts, whoever takes their word back later. So gates
// only ever open, and the order in which things are heard of changes nothing; see
// [Settle]. They are evaluated when something that they depend on happens, or when
// their time comes: the table ladder_watch says which ladder waits for what, and
// nothing ever looks through all campaigns.
//
// A ladder is a draft, which the organizers of the campaign's owners edit, until it is
// published. From then on its text is frozen. A change is a new version, published
// beside the old ones; a step that has opened keeps its gate and its state. Publishing
// and each change of a step are lines of the public record.
//
// To stop takes one owner: an organizer of any owner can halt a step, or let the whole
// campaign stand down. To go on, or to say that a step has met its aim, takes two
// people of two owners, where more than one group owns the campaign. A poll of an owner
// decides alone.
//
// Who can declare a trigger is a member of one of the owners; whoever leaves the last of
// them declares nothing any more, and their handle goes from the ladder. All handles go
// some time after it is over.
//
// Who asked for news hears once that a step has opened, and is corrected when it is halted
// after that. In a campaign that has ended or is hidden, nothing moves.
//
// It owns the tables ladder, ladder_version, ladder_step, ladder_move, ladder_watch,
// ladder_delegate, ladder_agree, ladder_news, ladder_told,
// ladder_elsewhere and campaign_down. Of the table person it reads the handle.
package ladders
