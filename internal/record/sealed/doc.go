// Package sealed keeps ballots shut until a poll has closed: they are encrypted to
// a key that several trustees make together, none of them ever has, and any Need of
// them rebuild afterwards in public. docs/sealed.md has every format, and
// docs/decisions/0051 why it is so.
//
// The key comes from one run of a distributed key generation (Pedersen 1991, in the
// form of Gennaro, Jarecki, Krawczyk and Rabin 1999 called joint Feldman), with three
// additions: everybody commits to their part before anybody shows one, proves to
// know the secret in it, and confirms all that was shown. What is said is a
// [Transcript], public from its first to its last byte; a trustee's side is [Secret].
// [Transcript.Done] gives the key and [Rebuild] what opens the ballots.
//
// The package has no database and no network. Of the secrets nothing decides a
// branch or an index: their arithmetic is bigmod's, their points are package ecdh's.
package sealed
