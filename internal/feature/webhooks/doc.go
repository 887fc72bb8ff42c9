// Package webhooks tells programs of a group that something public has changed.
//
// Organizers give an https:// address and choose what they want to hear. What is
// sent names the thing and where to read it, and nothing else, so that a message
// can never tell what its reader may not know. It is signed as Standard Webhooks
// says (https://www.standardwebhooks.com), tried again for some hours, and kept
// for seven days, during which it can be sent once more. An address that fails
// ten messages in a row is not tried any more until somebody says so.
//
// The feature owns the tables webhook and webhook_delivery.
package webhooks
