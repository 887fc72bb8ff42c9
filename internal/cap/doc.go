// Package cap reads, checks and writes messages of the Common Alerting
// Protocol 1.2 (OASIS CAP-v1.2-os; the same is ITU-T X.1303 bis), the lists in
// which agencies publish them (Atom, RFC 4287, and RSS 2.0), and tells which
// places an alert is about.
//
// [Parse] takes what an agency sends: at most [MaxSize] bytes without a
// document type, elements in the order of the standard, nothing that the
// standard does not know but a signature at the end. [Alert.Check] finds what
// is wrong with a message and says it in words for people who never read the
// standard; [Alert.Marshal] writes only what it passes. Texts lose the blanks
// around them, and an empty optional element is as good as none. Signatures are
// passed over: who sent a message is known by the address it was fetched from.
//
// Shapes are on a sphere (WGS 84). Borders of polygons are straight on a map
// whose axes are longitude and latitude, and take the short way across the
// antimeridian.
package cap
