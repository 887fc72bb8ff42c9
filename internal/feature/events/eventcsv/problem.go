package eventcsv

import (
	"fmt"
	"strings"

	"convoke/internal/i18n"
)

// Codes of problems. Those of the first group leave the row out.
const (
	CodeQuotes = "quotes" // quotation marks do not match, or the row is over 1 MiB
	CodeCells  = "cells"  // more or fewer cells than columns
	CodeDate   = "date"   // no usable date
	CodePlace  = "place"  // no place at all, and not online
	CodeRepeat = "repeat" // the same row again

	CodeSize     = "size"     // a number of people was dropped
	CodeSwapped  = "swapped"  // low and high were exchanged
	CodeArrests  = "arrests"  // the number of arrests was dropped
	CodePoint    = "point"    // coordinates were dropped
	CodeLong     = "long"     // a text was cut
	CodePersonal = "personal" // an e-mail address or phone number was taken out
	CodeEncoding = "encoding" // letters were repaired
	CodeSource   = "source"   // a source that is not a link was dropped
	CodeID       = "id"       // the id was used before, or is unusable

	CodeColumns = "columns" // line 1: columns that are not read
	CodeMany    = "many"    // from here on repeats are no longer looked for
)

// Problem says what was done to a row, or to the file when UID is empty and
// Line is that of the header.
type Problem struct {
	Line int    // line of the file on which the row begins
	UID  string // of the row; empty where none could be made out
	Code string // one of the Code constants
	Text string // English sentence for the person who imports
	Left bool   // the row was left out; otherwise it was taken with a change

	// Message and Args make the same sentence in another language:
	// locale.T(p.Message, p.Args...).
	Message string
	Args    []any
}

// message is the English text of a code, the key of its translations.
func message(code string) string {
	switch code {
	case CodeQuotes:
		return i18n.Mark("The quotation marks in this row do not match, or the row is longer than 1 MB, so it was left out.")
	case CodeCells:
		return i18n.Mark("This row has {got} cells where the table has {want} columns, so it was left out.")
	case CodeDate:
		return i18n.Mark("“{value}” is not a date such as 2017-11-04, 11/4/2017 or 4 Nov 2017, so the row was left out.")
	case CodePlace:
		return i18n.Mark("This row names no place and is not online, so it was left out.")
	case CodeRepeat:
		return i18n.Mark("This row says exactly the same as an earlier one, so it was left out.")
	case CodeSize:
		return i18n.Mark("“{value}” is not a number of people between 0 and 20 million, so it was dropped.")
	case CodeSwapped:
		return i18n.Mark("The low number of people, {low}, was above the high one, {high}; the two were exchanged.")
	case CodeArrests:
		return i18n.Mark("“{value}” is not a number of arrests, so it was dropped.")
	case CodePoint:
		return i18n.Mark("“{value}” is not a point on the map, so the coordinates were dropped.")
	case CodeLong:
		return i18n.Mark("A text in this row is too long and was cut: {value}.")
	case CodePersonal:
		return i18n.Mark("Something that looks like an e-mail address or a phone number was taken out.")
	case CodeEncoding:
		return i18n.Mark("Letters that an earlier program had garbled were repaired.")
	case CodeSource:
		return i18n.Mark("A source that is not a link starting with http:// or https:// was dropped.")
	case CodeID:
		return i18n.Mark("The id of this row is too long or was used before, so it became {value}.")
	case CodeColumns:
		return i18n.Mark("These columns are not known and were not read: {value}.")
	default: // CodeMany
		return i18n.Mark("The file has more than {value} rows; from here on, repeated rows are not looked for.")
	}
}

// newProblem fills the sentence of code from args, pairs of name and value.
func newProblem(code string, args ...any) Problem {
	msg := message(code)
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+fmt.Sprint(args[i])+"}", fmt.Sprint(args[i+1]))
	}
	return Problem{
		Code: code, Message: msg, Args: args,
		Text: strings.NewReplacer(pairs...).Replace(msg),
	}
}

// HeaderError says that a file is not an event table, or lacks columns that
// every event needs.
type HeaderError struct {
	Layout  string   // the most similar layout
	Missing []string // the needed columns that the file lacks, spelled as the layout spells them
}

// Error names each missing column.
func (e *HeaderError) Error() string {
	return "the table has no column " + strings.Join(e.Missing, ", no column ")
}
