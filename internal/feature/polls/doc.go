// Package polls is how groups and coalitions decide: a proposal, its discussion,
// amendments to it, and the poll that settles it.
//
// A member drafts a proposal, members discuss it in threads and propose changed
// texts, which go into the text or are voted on first. When an organizer opens a
// poll, text, electorate, quorum, share, method and times are frozen by the public
// record, and nobody can change, reopen or, unless that was said before, end it.
// People vote in secret always; delegates of a coalition by name or in secret, as the
// coalition's rule says. Results are hidden until the close and counted from the box
// by a durable job. What was decided is a fact for the features that it concerns.
//
// Who wrote what is known inside the group only; the discussion is erased 180 days
// after the decision, and its key destroyed.
//
// It owns the tables poll_proposal, poll_text, poll_comment, poll_amendment, poll, poll_told and
// poll_seat.
package polls
