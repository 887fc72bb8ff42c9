package archive

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/i18n"
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
	Text string `json:"text"` // a sentence in the language of the report
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
	locale   *i18n.Locale
}

// NewReport returns an empty report in English.
func NewReport() *Report {
	r := &Report{locale: i18n.English()}
	r.Reset()
	return r
}

// In makes it a report in another language.
func (r *Report) In(l *i18n.Locale) *Report {
	r.locale = l
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

// Leave names a row that is left out. msg and args are as of i18n.Locale.T.
func (r *Report) Leave(part, id, code, msg string, args ...any) {
	r.part(part).Left++
	r.name(Problem{part, id, code, r.locale.T(msg, args...), true})
}

// Wrong is what an Invalid fault says; ok is false for every other error, and for
// none.
func (r *Report) Wrong(err error) (text string, ok bool) {
	f := fault.Of(err)
	if f == nil || !fault.Is(err, fault.KindInvalid) {
		return "", false
	}
	var all []string
	for _, x := range f.Fields {
		all = append(all, x.Name+": "+r.locale.T(x.Msg, x.Args...))
	}
	return strings.Join(all, " "), true
}

// Invalid leaves out a row for what an Invalid fault says of it. It is false for
// every other error, and for none.
func (r *Report) Invalid(part, id string, err error) bool {
	text, ok := r.Wrong(err)
	if ok {
		r.part(part).Left++
		r.name(Problem{part, id, CodeInvalid, text, true})
	}
	return ok
}

// Differs names a row that is here in another form.
func (r *Report) Differs(part, id string) {
	r.part(part).Differs++
	r.name(Problem{part, id, CodeDiffers, r.locale.T("Here it says something else, and stays as it is."), true})
}

// Missing names a row that is not here although its group is.
func (r *Report) Missing(part, id string) {
	r.Leave(part, id, CodeMissing, i18n.Mark("The group is here already, so nothing is added to it."))
}

// Note names something that was changed in a row that is taken.
func (r *Report) Note(part, id, code, msg string, args ...any) {
	r.name(Problem{part, id, code, r.locale.T(msg, args...), false})
}

// Rename notes that a row has another id here.
func (r *Report) Rename(part, from, to string) {
	if r.Renamed[part] == nil {
		r.Renamed[part] = map[string]string{}
	}
	r.Renamed[part][from] = to
	r.Note(part, from, CodeRenamed, i18n.Mark("Something else here has this name already; it is {name} now."), "name", to)
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
			left = ", " + r.locale.T("left out")
		}
		fmt.Fprintf(out, "%s %s%s: %s [%s]\n", p.Part, p.ID, left, p.Text, p.Code)
	}
	if r.More > 0 {
		fmt.Fprintln(out, r.locale.T("and {n} more that are not named here", "n", r.More))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Parts)) {
		c := r.Parts[name]
		fmt.Fprintln(out, r.locale.T("{part}: {new} new, {unchanged} unchanged, {differs} different here, {left} left out",
			"part", name, "new", c.New, "unchanged", c.Unchanged, "differs", c.Differs, "left", c.Left))
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
