// Package extract finds the texts that a program shows: the literals in Go
// code and HTML templates that package i18n will look up.
//
// In Go code it takes the arguments of methods and functions named T, C and N
// (message; context and message; singular and plural), of Mark, the messages
// of package fault's constructors and of its Error and FieldError literals.
// In templates it takes those of t, c and n, and of fields so named (.L.T).
// A literal may be joined of several by +. What is not literal is passed
// over: its literals are marked where they stand.
//
// Test files, testdata folders and hidden ones are not read.
package extract
