// Package sms sends text messages through a gateway that the operator has: any that
// takes an HTTP request, described by its address and a body with places for number
// and text. It counts what a text costs, reads what a gateway hands on, and knows the
// words by which people all over the world say that they want no more.
//
// A text message is open to every network on its way, and its number names a person:
// numbers are kept sealed, and no error holds one.
package sms
