// Package pushservice is a push service and the browsers behind it in one process,
// for tests and benchmarks: a real HTTP/2 server with TLS on 127.0.0.1 that checks
// and decrypts what it is sent, or answers as badly as it is told to.
//
// It reads RFC 8188, 8291 and 8292 by itself and shares no code with package webpush,
// so that a mistake there is not made here too.
package pushservice
