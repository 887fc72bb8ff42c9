// Package ratelimit says how often somebody may do something, without knowing
// who it is: in memory only, per process, under a keyed hash of the subject
// whose random key is thrown away each day and never written.
//
// The rule is a token bucket in the form of the generic cell rate algorithm
// (ITU-T I.371): one time a subject, at which its bucket would be full again.
package ratelimit
