// Package tasks holds what people in a group take on: a title, a day, and somebody
// who does it, or nobody yet.
//
// Only members of the group see its tasks and who does them. Any member adds one,
// takes one that waits, hands their own back and finishes it; organizers also give
// and drop them. A decision of an assembly or of a poll makes one too, through
// [fact.TaskGiven]: the same decision told twice makes one. Whoever leaves the group
// leaves their tasks without owner. What is done or dropped is deleted 90 days later.
//
// The feature owns the table task. Of the table person it reads the handle.
package tasks
