// Package ical reads calendar files for imports and writes them for exports.
//
// The format is iCalendar: RFC 5545, with the names and refresh interval of
// RFC 7986 and the parameter escapes of RFC 6868. The package is pure: no
// database, no network, no clock.
//
// # Reading
//
// [Read] is made for files as they are, not as they should be. It bends what
// can be bent (a zone name that only Outlook knows, an end before its start,
// bytes of an old encoding), leaves out what cannot be shown, and names each
// of these to the caller as a [Problem]. It fails only when the input is no
// calendar at all or the reader fails, and then after it has given everything
// it could read.
//
// Recurrences are expanded into occurrences in wall time, so 18:00 stays 18:00
// when the clocks change. Attendees and addresses of organizers are never kept.
//
// Input is hostile until shown otherwise. A line is held up to 64 KiB, a file
// up to 20,000 events or 64 MiB of kept text; a recurrence has a budget of
// steps of its own and the file has one for all, so a rule like "every second
// until the year 9999" ends as quickly as any other. The size of the file
// itself is for the caller's reader to bound.
//
// # Writing
//
// [Writer] streams a calendar and describes each used zone once, from Go's own
// zone data, before the first event that uses it. What it writes, Read reads
// back the same.
//
// # Data
//
// data/windows.txt maps zone names of Windows and Outlook to IANA names, from
// Unicode CLDR; data/iana.txt lists the names that are accepted as they are.
package ical
