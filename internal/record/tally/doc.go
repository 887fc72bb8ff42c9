// Package tally is how the papers of a poll are counted: the rules that are
// frozen when it opens, what a paper says, and the result that everybody gets who
// counts the same papers. docs/counting.md says all of it in words, exactly enough
// to write it again in another language.
//
// It has no state and imports nothing of the server: verifiers use it too. All is
// counted in whole numbers, and the order in which papers come changes nothing.
package tally
