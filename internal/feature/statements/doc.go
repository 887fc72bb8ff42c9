// Package statements is the dated texts that groups publish.
//
// A statement is in the language in which it was written and may have versions
// in others. Organizers of its group write it; a draft is known to members of
// the group only. What was published stays accountable: a change of its words
// takes a note that says what was corrected, which everybody sees, or the word
// that only spelling changed, and then the day of the change is shown. A
// statement that is withdrawn keeps its page, which says since when and why; its
// text goes from pages and feeds, and its entry stays in them, so that the
// withdrawal reaches everyone whom the text reached.
//
// A statement can be an update of a campaign that its group owned when it became
// public. It is as visible as the less visible of the two.
//
// Statements come in from Markdown files with front matter and go out as such;
// see [Service.Import] and [Service.Export].
//
// It owns the tables statement, statement_text and statement_correction.
package statements
