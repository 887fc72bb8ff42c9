package ical

import (
	"errors"
	"time"
)

// Event is one occurrence, ready to be shown: recurrence is already expanded.
type Event struct {
	// UID names the series (RFC 5545, 3.8.4.7). When the file gives none it is
	// "sha256-" and 32 hexadecimal digits made from start, end, rule, summary
	// and location, so that reading the file again gives the same.
	UID string
	// RecurrenceID is the start that this instance had before anyone moved it:
	// UTC basic format "20260131T180000Z", or a date "20260131" for all-day
	// series. It is empty for an event that does not recur.
	RecurrenceID string
	// Sequence is the revision of the event; higher is newer.
	Sequence int
	// Plain text without control characters other than line feed and tab.
	// URL is empty or starts with http:// or https://. Organizer is a name,
	// never an address.
	Summary, Description, Location, URL, Organizer string
	// Status is "confirmed", "tentative" or "cancelled".
	Status string
	// Start and End are in Zone. End equals Start when the file gives none.
	Start, End time.Time
	// Zone is an IANA name, or "" for a floating time, which is then read in
	// Options.Zone.
	Zone string
	// AllDay says that Start and End are local midnights; End is exclusive.
	AllDay bool
	// Lat and Lon are WGS 84 degrees, set only when HasGeo is.
	Lat, Lon float64
	HasGeo   bool
	// Categories are trimmed and without repeats, at most 50.
	Categories []string
	// Language is the language tag of the summary, or "".
	Language string
	// LastModified is in UTC; zero when the file does not say.
	LastModified time.Time
}

// Problem names something that was left out or bent.
type Problem struct {
	// Line is the number of the line where the thing begins, from 1; 0 for the
	// file as a whole.
	Line int
	// UID is that of the event concerned, or "".
	UID string
	// Code is stable: a key for translation, listed by [Texts].
	Code string
	// Text is plain English for a volunteer, with the arguments in place.
	Text string
	// Args are the values that stand for {0} and {1} in the text of the code.
	Args [2]string
}

// Options say how to read.
type Options struct {
	// Zone is the IANA zone of floating times. Empty means UTC.
	Zone string
	// From and To are the window of recurrences: an occurrence is given when it
	// starts before To and has not ended by From. A zero time leaves that side
	// open. Single events are given whatever their date.
	From, To time.Time
	// MaxPerSeries bounds the occurrences of one series; 0 means 400.
	MaxPerSeries int
}

// Summary counts what was in a file.
type Summary struct {
	// Calendars is the number of VCALENDARs.
	Calendars int
	// Components counts events, tasks, journals, free-busy lists, zones and
	// unknown ones, without what is nested in them.
	Components int
	// Events is the number of VEVENTs that were used, Left that of components
	// that were not; zone definitions are in neither.
	Events, Left int
	// Occurrences is how often yield was called.
	Occurrences int
	// Name is what the calendar calls itself, or "".
	Name string
}

// Limits on one file. They are far above what a real calendar holds.
const (
	maxLine         = 64 << 10 // bytes of one unfolded line
	maxPreamble     = 256 << 10
	maxEvents       = 20_000
	maxHeld         = 64 << 20 // bytes of kept text in all events
	maxZones        = 500
	maxObservances  = 500
	maxDates        = 5_000 // RDATE or EXDATE values of one event
	maxCategories   = 50
	maxOccurrences  = 200_000
	maxLineProblems = 100
	defaultSeries   = 400
	maxRules        = 5         // RRULEs of one event
	seriesBudget    = 500_000   // steps of the rules of one event
	fileBudget      = 5_000_000 // and of all events
	zoneBudget      = 2_000_000 // and of all zone definitions
)

// ErrNotCalendar is returned by [Read] when the input has no BEGIN:VCALENDAR
// near its beginning.
var ErrNotCalendar = errors.New("ical: not a calendar: BEGIN:VCALENDAR is missing")
