// Package app puts the program together: it opens the databases, makes every
// feature, gives each what it needs of the others, and serves. It is the only
// package that knows all features; how they fit together is in wire.go, and
// what one tells another in adapters.go.
package app
