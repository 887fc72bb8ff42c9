// Package feedback asks those who signed up how an event was, on their private
// page, from its end until their sign-up is removed.
//
// It owns the tables feedback and feedback_total. A sign-up gives one answer and
// can change it; it is sealed whole under the event's key, and goes with the
// sign-up and the key. The totals change in the same transaction, and stay.
// Organizers see totals once five have answered, and what people wrote in an
// order that follows nothing: not who wrote it, nor when, nor what else they
// answered.
package feedback
