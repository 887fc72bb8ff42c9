// Package demo holds a sample of real events, so that a new node has something
// to show before anybody has published anything.
//
// The sample takes no side: it says when and where people gathered, in what
// kind of event and how many were counted, and leaves out titles, purposes and
// organizations. DATA.md tells where it comes from and how it was made.
package demo
