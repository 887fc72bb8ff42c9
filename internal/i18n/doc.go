// Package i18n speaks the reader's language: texts, plurals, numbers, dates
// and sorting.
//
// # Texts
//
// The English text is the key. Code says l.T("Hello, {name}.", "name", n) and
// the catalogue of the locale, locales/es.po say, holds its translation; what
// has none is shown in English. Placeholders are named, and filled only after
// the look-up, so a translation may reorder or drop them. Only literal
// strings can be found by the extractor (package extract); a text that stands
// in a table is marked there with [Mark].
//
// Write whole sentences; never join translated pieces. Where one English word
// needs two translations, use [Locale.C] with a context. Where a number is in
// the text, use [Locale.N].
//
// After adding texts, run
//
//	go run ./internal/i18n/potool update
//
// and translate what is empty in locales/*.po; a test fails until then.
//
// # Numbers and dates
//
// They follow the Unicode CLDR (release 46) by small tables in this package:
// the general library's tables would add megabytes to the program. A new
// language needs its catalogue and its entry in tables.go; [Load] says so.
//
// # Pseudo locales
//
// In development two more locales are offered: en-XA, accented and a third
// longer, shows texts that bypass the catalogue or do not fit; ar-XB, English
// turned right to left, shows layouts that assume a direction.
package i18n
