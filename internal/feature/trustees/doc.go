// Package trustees is where those who keep the votes of a poll shut make their key, and
// give their shares when it has closed. docs/sealed.md has the protocol, package sealed
// its rules; here people find out whose turn it is, and paste what their program made.
//
// A run belongs to a proposal and is begun by an organizer. Its page is public for
// whoever has the address, as all that trustees say is; nothing in it can be changed
// afterwards, and the program of each trustee checks what the others said. The poll
// that is opened with it takes it over, and no other can.
//
// A run without a poll is deleted after 180 days. The feature owns the table
// trustee_run.
package trustees
