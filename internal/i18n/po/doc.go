// Package po reads and writes gettext message catalogues (PO files) and
// evaluates their plural rules.
//
// The format is that of the GNU gettext manual, chapter "The Format of PO
// Files"; the subset is what translation tools produce: comments, references,
// flags, contexts, plurals, UTF-8 only. Obsolete entries (#~) are skipped and
// not written again. The package knows nothing of how messages are formatted.
package po
