// Package webpush sends messages to browsers and to apps that speak UnifiedPush,
// through the push service that each has chosen.
//
// A push service learns when a message comes and for which of its subscriptions,
// and nothing that is in it: messages are encrypted to the device (RFC 8291, in the
// coding of RFC 8188) and padded, so that their length tells nothing either. Requests
// are as in RFC 8030 and say who sends by a signed token (VAPID, RFC 8292) with a key
// of this node that is of use nowhere else.
//
// What is slow in encrypting is agreeing on a key with each device. It can be done
// beforehand, when nobody waits: see [Prepare].
//
// Package pushservice is the other side, for tests and benchmarks.
package webpush
