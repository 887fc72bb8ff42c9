package ical

import (
	"maps"
	"strings"
	"sync"

	"convoke/internal/i18n"
)

// Codes of problems. Each has a text in [Texts].
const (
	codeBadLine        = "bad-line"
	codeManyBadLines   = "many-bad-lines"
	codeLongLine       = "long-line"
	codeEncoding       = "encoding"
	codeTruncated      = "truncated"
	codeUnclosed       = "unclosed"
	codeTooMany        = "too-many-events"
	codeIgnored        = "ignored"
	codeRepeated       = "repeated-property"
	codeNoUID          = "no-uid"
	codeNoStart        = "no-start"
	codeBadStart       = "bad-start"
	codeBadEnd         = "bad-end"
	codeEndBeforeStart = "end-before-start"
	codeBadDuration    = "bad-duration"
	codeBadURL         = "bad-url"
	codeBadGeo         = "bad-geo"
	codeBadRule        = "bad-rule"
	codeRulePart       = "rule-part"
	codeExRule         = "exrule"
	codeBadDate        = "bad-date"
	codeManyDates      = "too-many-dates"
	codeBadRecurrence  = "bad-recurrence-id"
	codeThisAndFuture  = "this-and-future"
	codeRestOfSeries   = "rest-of-series"
	codeUnmatched      = "unmatched-instance"
	codeExUnmatched    = "unmatched-exdate"
	codeOffRule        = "start-off-rule"
	codeEndless        = "endless"
	codeSeriesCut      = "series-cut"
	codeRuleCost       = "rule-too-costly"
	codeNoDates        = "no-dates"
	codeFileCut        = "too-many-occurrences"
	codeOlder          = "older-version"
	codeFloating       = "floating"
	codeZoneRules      = "zone-by-rules"
	codeZoneUTC        = "zone-as-utc"
	codeZoneGuess      = "zone-guessed"
	codeZoneFixed      = "zone-fixed"
	codeZoneUnknown    = "zone-unknown"
	codeOptionZone     = "option-zone"
)

// Message is the text of the problem and the arguments with which i18n.Locale.T
// says it in another language.
func (p *Problem) Message() (msg string, args []any) {
	return texts()[p.Code], []any{"0", p.Args[0], "1", p.Args[1]}
}

// Texts gives the English text of every problem code; {0} and {1} stand for
// the arguments of the problem.
func Texts() map[string]string { return maps.Clone(texts()) }

// texts is built once: a broken file may have a problem in every line.
var texts = sync.OnceValue(func() map[string]string {
	return map[string]string{
		codeBadLine:        i18n.Mark("This line is not in the form NAME:value and was left out: “{0}”"),
		codeManyBadLines:   i18n.Mark("{0} more lines that are not in the form NAME:value were left out"),
		codeLongLine:       i18n.Mark("The {0} is longer than 64 kB and was left out"),
		codeEncoding:       i18n.Mark("The file is not in UTF-8; letters outside it were read as Windows-1252"),
		codeTruncated:      i18n.Mark("The file ends in the middle; what was complete has been read"),
		codeUnclosed:       i18n.Mark("The end of this event is missing; it was read up to the next one"),
		codeTooMany:        i18n.Mark("The file has more events than can be read at once; {0} were left out"),
		codeIgnored:        i18n.Mark("{0}: only events are read, so this was left out"),
		codeRepeated:       i18n.Mark("{0} is given more than once; the first one counts"),
		codeNoUID:          i18n.Mark("The event has no identifier; one was made from its content"),
		codeNoStart:        i18n.Mark("The event has no start and was left out"),
		codeBadStart:       i18n.Mark("The start “{0}” is not a date; the event was left out"),
		codeBadEnd:         i18n.Mark("The end “{0}” is not a date; the event has no end now"),
		codeEndBeforeStart: i18n.Mark("The event ends before it starts; the end was dropped"),
		codeBadDuration:    i18n.Mark("The duration “{0}” was not understood; the event has no end now"),
		codeBadURL:         i18n.Mark("The link “{0}” is not a web address and was left out"),
		codeBadGeo:         i18n.Mark("The coordinates “{0}” are not a place on the map and were left out"),
		codeBadRule:        i18n.Mark("The repetition “{0}” was not understood; dates that follow from it were left out"),
		codeRulePart:       i18n.Mark("The part “{0}” of the repetition was not understood and has no effect"),
		codeExRule:         i18n.Mark("Rules that take dates away (EXRULE) are not supported; all dates are shown"),
		codeBadDate:        i18n.Mark("“{0}” in {1} is not a date and was left out"),
		codeManyDates:      i18n.Mark("{0} has more dates than can be read; the rest was left out"),
		codeBadRecurrence:  i18n.Mark("“{0}” does not say which date of the series is meant; the change was left out"),
		codeThisAndFuture:  i18n.Mark("The change is meant for this and all later dates; only this one was changed"),
		codeRestOfSeries:   i18n.Mark("Only the later part of this series is in the file; it was read as a series of its own"),
		codeUnmatched:      i18n.Mark("A change for {0} does not match any date of the series; it is shown as an extra date"),
		codeExUnmatched:    i18n.Mark("The cancelled date {0} does not match any date of the series, so nothing was cancelled"),
		codeOffRule:        i18n.Mark("The first date {0} does not follow the event’s own repetition; it was kept"),
		codeEndless:        i18n.Mark("The event repeats without end; dates are shown up to {0}"),
		codeSeriesCut:      i18n.Mark("The event has more than {0} dates; the later ones were left out"),
		codeRuleCost:       i18n.Mark("The repetition takes too long to work out; dates after {0} were left out"),
		codeNoDates:        i18n.Mark("The event has no date in the time that was asked for and was left out"),
		codeFileCut:        i18n.Mark("The file has more than {0} dates; the rest was left out"),
		codeOlder:          i18n.Mark("Another event in the file has the same identifier and is newer or comes later; this one was left out"),
		codeFloating:       i18n.Mark("Some times have no time zone; they were read as {0}"),
		codeZoneRules:      i18n.Mark("The time zone “{0}” is unknown; read as {1} from its rules"),
		codeZoneUTC:        i18n.Mark("The time zone “{0}” fits no known place; its times were converted to UTC by its rules"),
		codeZoneGuess:      i18n.Mark("The time zone “{0}” is unknown; read as {1} from its name"),
		codeZoneFixed:      i18n.Mark("The time zone “{0}” does not say when the clocks change; read as {1} all year"),
		codeZoneUnknown:    i18n.Mark("The time zone “{0}” is unknown; read as {1}"),
		codeOptionZone:     i18n.Mark("The time zone “{0}” to read in is unknown; UTC was used"),
	}
})

// format puts the arguments into the text of a code.
func format(text string, args [2]string) string {
	if args == [2]string{} {
		return text
	}
	return strings.NewReplacer("{0}", args[0], "{1}", args[1]).Replace(text)
}

// clip shortens a value of the file for use in a problem.
func clip(s string) string {
	const most = 60
	s = strings.TrimSpace(cleanText(s, false))
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
