// Package petitions is texts to an addressee that people sign, on the public record.
//
// A group writes a petition, and opens it: then it has a box in the record, with a
// roll of its own, and what people agree to is fixed there by its hash. Until the
// first credential is given out the text can be corrected, and the record says
// so; afterwards only amendments can be added, which everybody sees beside the
// original. Stages are counts that the record notes when they are reached, for good.
//
// Signatures on paper are counted by one organizer and confirmed by another; then
// they are declared in the box, and shown apart. What is handed over, what is
// answered, and that nobody answered by a day, are stored, shown, and told to other
// features as facts.
//
// A name and a comment can be shown, and an address left for updates. Both are kept
// apart from the record, without any link to a signature, sealed under the scope
// "petition:ID", and erased with its key thirty days after the delivery, or half a
// year after a petition has closed that was never delivered.
//
// It owns the tables petition, petition_entry, petition_comment, petition_follower,
// petition_batch, petition_sheet and petition_text.
package petitions
