// Package official reads warnings of authorities: messages of CAP 1.2 from feeds that the
// operator names.
//
// Who named a feed trusts it: what it lists is believed to be of the senders that it names,
// and what one of its messages updates or cancels goes, but never what another feed brought.
// Only what is public and actual counts, as long as it says, and 14 days at most. A test, an
// exercise or a draft is nothing here, nor is a message that takes the place of another
// because it is all over.
//
// A feed is read with little trust in its server: from public addresses alone, so many files,
// so many bytes and so much time at once, and what fails keeps nothing else from being read.
// What was read holds until it ends, also when the feed fails.
//
// Nothing here is ever sent to anybody: that takes verifiers.
//
// It owns the tables alert_feed, alert_feed_file, alert_official, alert_official_over and
// alert_official_cell.
package official
