package alerts

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"convoke/internal/fault"
	"convoke/internal/geo"
)

// Bounds of reports and cases.
const (
	reportFor  = 24 * time.Hour // then it is forgotten
	nearTime   = 2 * time.Hour  // between two reports of one case
	caseOpen   = 12 * time.Hour // how long a case takes reports
	maxMore    = 5              // times that somebody adds to their report
	maxReports = 100_000        // counted in one case
	photoWidth = 1280
)

// State is where a case stands.
type State string

// The states of a case.
const (
	Fresh     State = "new"
	Checking  State = "checking"
	Confirmed State = "confirmed"
	Denied    State = "denied"
	Duplicate State = "duplicate"
	Expired   State = "expired"
)

// open reports whether verifiers still have something to do.
func (s State) open() bool { return s == Fresh || s == Checking }

// ReportInput is a report as somebody typed it.
type ReportInput struct {
	Category  string
	Place     string // town, postcode or coordinates
	Network   string // handle, where several watch the place
	Ago       string // minutes since it was seen
	FirstHand string // "seen" or "heard"
	Note      string
	Photo     []byte // a picture made afresh, without what it told of its camera and place
}

// Report is a report that is fit to be stored.
type Report struct {
	Category  string
	Point     geo.Point
	Cell      geo.GridCell
	Seen      time.Time
	FirstHand bool
	Note      string
}

// sinces are the choices of when something was seen, in minutes.
func sinces() []int { return []int{0, 15, 30, 60, 120, 240, 480} }

func (in *ReportInput) parse(places Places, now time.Time) (Report, error) {
	r := Report{Category: in.Category, Note: strings.TrimSpace(in.Note)}
	var fields []fault.FieldError
	if _, ok := categoryOf(in.Category); !ok {
		fields = append(fields, fault.Field("category", "alert.category", "Choose what it is about."))
	}
	if found := places.Find(in.Place, 1); len(found) == 0 {
		fields = append(fields, fault.Field("place", "alert.place", "We do not know this place. Write a town, a postcode or coordinates, such as 51.34, 12.37."))
	} else {
		r.Point, r.Cell = found[0].Point, geo.GridAt(found[0].Point)
	}
	ago, err := strconv.Atoi(in.Ago)
	if err != nil || !slices.Contains(sinces(), ago) {
		fields = append(fields, fault.Field("ago", "alert.when", "Choose when it was."))
	}
	r.Seen = now.Add(-time.Duration(ago) * time.Minute).Truncate(time.Minute)
	switch in.FirstHand {
	case "seen", "heard":
		r.FirstHand = in.FirstHand == "seen"
	default:
		fields = append(fields, fault.Field("first_hand", "alert.how", "Choose whether you saw it yourself."))
	}
	if e := fault.Of(guard("note", r.Note)); e != nil {
		fields = append(fields, e.Fields...)
	}
	return r, fault.Invalid(fields...)
}

// Case is reports of one kind that are near each other in place and time.
type Case struct {
	ID, Network, Category string
	Cell                  geo.GridCell
	Scope                 string // of the lineages of verifiers who reported
	State                 State
	Of                    string // of which it is a duplicate
	Reports               int
	FirstHand, Members    int // reports of those who saw it, and of members of the groups
	ClaimedBy             string
	Claimed               time.Time
	Called                int
	Chain                 string // of the alert that came of it
	Seen, Created, Last   time.Time
	Expires               time.Time
}

// score orders the queue. What members of the network's groups report comes before what
// anybody does, what was seen before what was heard, and what several report before what
// one does: counted by how many digits their number has, so that a flood of false reports
// of one thing, or of thousands of things, stays below one that a member saw.
func (c *Case) score() int {
	digits := func(n int) int { return len(strconv.Itoa(n)) }
	s := 0
	if k, _ := categoryOf(c.Category); k.Life {
		s += 3
	}
	if c.Members > 0 {
		s += 20 + 4*min(digits(c.Members), 2)
	}
	if c.FirstHand > 0 {
		s += 4
	}
	if c.Reports > 1 {
		s += 1 + digits(c.Reports)
	}
	return s
}

// sealedReport is what is sealed of a report: where exactly, and what was said.
type sealedReport struct {
	Lat  float64  `json:"lat"`
	Lon  float64  `json:"lon"`
	Note string   `json:"note,omitempty"`
	More []string `json:"more,omitempty"`
}
