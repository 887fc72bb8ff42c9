// Package outbox is what every message passes on its way to the mail server,
// whichever feature wrote it: nobody's mailbox is filled through this node, and
// nothing is sent again to an address that does not exist.
//
// A message waits in the queue of jobs, written by the transaction that caused
// it; a job makes its words and hands it to a [Box]. The box counts what each
// address gets, over all features: what somebody asks for by typing an address
// is left out beyond a day's share, since whoever typed may not be its owner,
// and news waits until the next share. It puts a token on each message with
// which it comes back; an address that its server does not know gets no news for
// a month. What it keeps of an address is a keyed mark (HMAC), and the day.
//
// It owns the table mail_return.
package outbox
