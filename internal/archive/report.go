package archive

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Codes of the report, which stay the same between versions.
const (
	CodeInvalid    = "invalid"    // left out: a form would have refused it
	CodeDiffers    = "differs"    // here it says something else, and stays so
	CodeMissing    = "missing"    // the group is here, and this is not: it stays so
	CodeRenamed    = "renamed"    // another thing has its id or its handle
	CodeCharacters = "characters" // characters that deceive readers were taken out
	CodePicture    = "picture"    // its picture could not be taken
	CodeCampaign   = "campaign"   // it is part of a campaign that is not the group's here
	CodeEvent      = "event"      // it is about an event that is not the group's here
	CodeOwners     = "owners"     // others owned it too
	CodeElsewhere  = "elsewhere"  // it lives on another server
	CodeLookAlike  = "look_alike" // people could take it for another
	CodeDates      = "dates"      // some dates of a series could not be taken
	CodeExpired    = "expired"    // its time is over
)

// maxNamed bounds the rows that a report names; the others are counted.
const maxNamed = 5000

// Problem says what was done to one row.
type Problem struct {
	Part string `json:"part"` // "events"
	ID   string `json:"id"`   // in the file
	Code string `json:"code"`
	Text string `json:"text"` // an English sentence
	Left bool   `json:"left"` // the row was left out
}

// Counts are the rows of one part.
type Counts struct {
	New       int `json:"new"`
	Unchanged int `json:"unchanged"`
	Differs   int `json:"differs"` // here in another form, which stays
	Left      int `json:"left"`
}

// Report collects what an import does.
type Report struct {
	Parts    map[string]*Counts           `json:"parts"`
	Rows     []Problem                    `json:"rows"`
	More     int                          `json:"more"` // rows that are not named
	Renamed  map[string]map[string]string `json:"renamed"`
	Progress func(rows int)               `json:"-"`
	rows     int
}

// NewReport returns an empty report.
func NewReport() *Report {
	r := &Report{}
	r.Reset()
	return r
}

// Reset forgets everything: what was reported is looked at again.
func (r *Report) Reset() {
	r.Parts, r.Rows, r.More, r.Renamed, r.rows = map[string]*Counts{}, []Problem{}, 0, map[string]map[string]string{}, 0
}

func (r *Report) part(name string) *Counts {
	c := r.Parts[name]
	if c == nil {
		c = &Counts{}
		r.Parts[name] = c
	}
	r.rows++
	if r.Progress != nil {
		r.Progress(r.rows)
	}
	return c
}

// New, Unchanged count a row.
func (r *Report) New(part string) { r.part(part).New++ }

// Unchanged counts a row that is here.
func (r *Report) Unchanged(part string) { r.part(part).Unchanged++ }

// Leave names a row that is left out.
func (r *Report) Leave(part, id, code, text string) {
	r.part(part).Left++
	r.name(Problem{part, id, code, text, true})
}

// Differs names a row that is here in another form.
func (r *Report) Differs(part, id string) {
	r.part(part).Differs++
	r.name(Problem{part, id, CodeDiffers, "Here it says something else, and stays as it is.", true})
}

// Missing names a row that is not here although its group is.
func (r *Report) Missing(part, id string) {
	r.part(part).Left++
	r.name(Problem{part, id, CodeMissing, "The group is here already, so nothing is added to it.", true})
}

// Note names something that was changed in a row that is taken.
func (r *Report) Note(part, id, code, text string) { r.name(Problem{part, id, code, text, false}) }

// Rename notes that a row has another id here.
func (r *Report) Rename(part, from, to string) {
	if r.Renamed[part] == nil {
		r.Renamed[part] = map[string]string{}
	}
	r.Renamed[part][from] = to
	r.Note(part, from, CodeRenamed, fmt.Sprintf("Something else here has this name already; it is %s now.", to))
}

func (r *Report) name(p Problem) {
	if len(r.Rows) >= maxNamed {
		r.More++
		return
	}
	r.Rows = append(r.Rows, p)
}

// Sum adds up all parts.
func (r *Report) Sum() Counts {
	var s Counts
	for _, c := range r.Parts {
		s.New += c.New
		s.Unchanged += c.Unchanged
		s.Differs += c.Differs
		s.Left += c.Left
	}
	return s
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, p := range r.Rows {
		left := ""
		if p.Left {
			left = ", left out"
		}
		fmt.Fprintf(out, "%s %s%s: %s [%s]\n", p.Part, p.ID, left, p.Text, p.Code)
	}
	if r.More > 0 {
		fmt.Fprintf(out, "and %d more that are not named here\n", r.More)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Parts)) {
		c := r.Parts[name]
		fmt.Fprintf(out, "%s: %d new, %d unchanged, %d different here, %d left out\n", name, c.New, c.Unchanged, c.Differs, c.Left)
	}
	return out.Flush()
}

// JSON is the report for programs, with more members beside.
func (r *Report) JSON(w io.Writer, more any) error {
	b, err := json.MarshalIndent(struct {
		*Report
		Import any `json:"import"`
	}{r, more}, "", " ")
	if err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// filled puts values into the words of a fault.
func filled(msg string, args []any) string {
	for i := 0; i+1 < len(args); i += 2 {
		msg = strings.ReplaceAll(msg, fmt.Sprintf("{%v}", args[i]), fmt.Sprint(args[i+1]))
	}
	return msg
}
