// Package gazfile is the layout of the gazetteer file and the spelling rules
// that its writer (gazgen) and its reader (package geo) must share.
//
// The file is read in place: a [File] holds substrings of the data it was
// given, decodes one record at a time and allocates nothing for the places
// themselves. So the embedded file costs the server no heap, only pages that
// the operating system can drop and read again.
package gazfile
