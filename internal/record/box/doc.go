// Package box is how people take part in what is counted in public: rolls say who
// may, credentials are given out blindly, one for each person and slot, and
// statements are put into boxes by keys that nobody can connect with a person.
//
// A roll has slots, a slot belongs to one box. Somebody who passed the roll's gate
// has their blinded keys signed ([Boxes.Issue]); later, over another connection, a
// key puts in its statement ([Boxes.Cast]). Issues and statements are lines of the
// record, written in the transaction that counts them. When a box closes, the key
// that signs credentials and the tags of those who took one are destroyed.
//
// It owns the tables roll, slot_key, roll_member, roll_code, issued, box, box_say,
// box_curve and box_milestone. Petitions, pledges and polls are features on top
// of it.
package box
