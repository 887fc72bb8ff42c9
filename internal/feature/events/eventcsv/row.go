package eventcsv

import "fmt"

// The kinds of events, as the whole program names them.
const (
	KindRally      = "rally"
	KindMarch      = "march"
	KindVigil      = "vigil"
	KindPicket     = "picket"
	KindWalkout    = "walkout"
	KindStrike     = "strike"
	KindRentStrike = "rent_strike"
	KindBoycott    = "boycott"
	KindPresence   = "presence"
	KindAssembly   = "assembly"
	KindMeeting    = "meeting"
	KindTraining   = "training"
	KindTeachIn    = "teach_in"
	KindMutualAid  = "mutual_aid"
	KindOnline     = "online"
	KindOther      = "other"
)

// Kinds lists every kind that [Row.Kind] can have, in the order of the
// project's forms.
func Kinds() []string {
	return []string{
		KindRally, KindMarch, KindVigil, KindPicket, KindWalkout, KindStrike,
		KindRentStrike, KindBoycott, KindPresence, KindAssembly, KindMeeting,
		KindTraining, KindTeachIn, KindMutualAid, KindOnline, KindOther,
	}
}

// Date is a calendar day at the place of the event, without time and zone.
type Date struct {
	Year  int // 1800 to 2200
	Month int // 1 to 12
	Day   int // 1 to 31
}

// String writes the day as 2017-11-04 (ISO 8601).
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// Row is one event. Every text is valid UTF-8 on one line, without control
// characters and runs of spaces; texts are not escaped for HTML.
type Row struct {
	Line int // line of the file on which the row begins, the header being 1

	// UID stays the same when the same file is read again. It is the id
	// column, or "h" and 16 hexadecimal digits of a hash over date, place,
	// types, organizations and claims; "-2", "-3" is added when an earlier
	// row with other content has the same one.
	UID string

	Title       string // never empty, at most 200 characters
	Description string // Markdown that shows the cells literally, at most 4,000 characters; may be empty

	Kind  string   // one of [Kinds], from the first type that is recognised
	Types []string // all types as typed, at most 20

	Date Date

	Place    string // the spot: a square, a building
	Locality string // the town
	Region   string // the state or territory, for the United States its postal code
	Country  string // ISO 3166-1 code where the file has one
	County   string

	Lat, Lon float64 // WGS 84 degrees, usually the centre of the locality
	HasPoint bool    // whether Lat and Lon are known

	// Online says that people met on the network. Such a row may still have a
	// locality, the organizers' one.
	Online bool

	Organizer string // organizations, separated by "; ", as many as fit into 200 characters

	SizeText  string // the words of the estimate, such as "several dozen"
	Low, High int    // people, 0 <= Low <= High
	HasSize   bool   // whether Low and High are known

	Arrests int // 0 also when unknown

	Sources     []string // http and https addresses, at most 30
	SourceCount int      // sources the table speaks of; at least len(Sources)
}

// Summary counts the rows of a file. Rows is Taken plus Left; Changed counts
// those of Taken for which a problem was reported.
type Summary struct {
	Layout  string // one of the Layout constants
	Rows    int    // rows below the header that are not blank
	Taken   int
	Left    int
	Changed int
}
