package events

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"convoke/internal/feature/events/eventcsv"
	"convoke/internal/i18n"
)

// Codes of problems that an import finds by itself, beside those of packages
// eventcsv and ical.
const (
	codeYear         = "year"
	codePointOutside = "point_outside"
	codeOutdated     = "outdated"
	codeUnreadable   = "unreadable"
	codeNoTitle      = "no_title"
	codeCut          = "long"
	codeTooLong      = "too_long"
)

// ImportProblem says what was done to one row, or to the file when UID is "".
type ImportProblem struct {
	Line int    `json:"line"` // where the row begins, from 1; 0 is the file
	UID  string `json:"uid"`
	Code string `json:"code"` // stable, in lower case
	Text string `json:"text"` // a sentence, which [Report.Problem] makes of the next two in its language
	Left bool   `json:"left"` // the row was left out; otherwise it was taken with a change

	Message string `json:"-"` // the English text
	Args    []any  `json:"-"` // as of i18n.Locale.T
}

// ImportSummary counts the rows of one import. Read is New, Updated, Unchanged
// and Left together.
type ImportSummary struct {
	Read      int            `json:"read"`
	New       int            `json:"new"`
	Updated   int            `json:"updated"`
	Unchanged int            `json:"unchanged"`
	Left      int            `json:"left"`    // left out, each named in the report
	Changed   int            `json:"changed"` // taken, with something dropped or bent
	Codes     map[string]int `json:"codes"`   // problems by code
	Seconds   float64        `json:"seconds"`
	DryRun    bool           `json:"dry_run"`
	Run       string         `json:"run,omitempty"` // by which it can be undone; "" when nothing was written
}

// UndoSummary counts the events of an import that was undone.
type UndoSummary struct {
	Run     string `json:"run"`
	Removed int    `json:"removed"`
	Stay    int    `json:"stay"` // each named in the report
	DryRun  bool   `json:"dry_run"`
}

// Report names, while an import runs, each row that is left out or changed.
type Report struct {
	mu      sync.Mutex // an import reads and stores in two goroutines
	out     *bufio.Writer
	locale  *i18n.Locale
	json    bool
	named   int
	err     error
	sum     ImportSummary
	changed map[string]bool // rows counted as changed
}

// NewReport writes to w as it goes: lines for people, or one JSON object with
// the members "rows" and "summary". [Report.Close] ends it.
func NewReport(w io.Writer, asJSON bool) *Report {
	r := &Report{out: bufio.NewWriter(w), json: asJSON, locale: i18n.English(), changed: map[string]bool{}}
	r.sum.Codes = map[string]int{}
	if asJSON {
		r.print(`{"rows":[`)
	}
	return r
}

// In makes it a report in another language than English.
func (r *Report) In(l *i18n.Locale) *Report {
	r.locale = l
	return r
}

// print keeps the first error of the writer for Close.
func (r *Report) print(s string) {
	if r.err == nil {
		_, r.err = r.out.WriteString(s)
	}
}

// count changes the counters.
func (r *Report) count(f func(*ImportSummary)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.sum)
}

// Problem names one row and counts it.
func (r *Report) Problem(p ImportProblem) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Codes[p.Code]++
	switch {
	case p.Left:
		r.sum.Left++
	case p.UID != "":
		r.countChanged(p)
	}
	r.named++
	p.Text = r.locale.T(p.Message, p.Args...)
	if !r.json {
		r.print(p.line(r.locale))
		return
	}
	b, err := json.Marshal(p)
	if err != nil {
		r.err = err
		return
	}
	if r.named > 1 {
		r.print(",")
	}
	r.print("\n" + string(b))
}

// countChanged counts a row once. Problems of one row of a table follow each
// other, and a calendar holds less events than are remembered here.
func (r *Report) countChanged(p ImportProblem) {
	const remembered = 50_000
	if r.changed[p.UID] {
		return
	}
	if len(r.changed) >= remembered {
		clear(r.changed)
	}
	r.changed[p.UID] = true
	r.sum.Changed++
}

// line is "line 12, uid, left out: text [code]".
func (p ImportProblem) line(l *i18n.Locale) string {
	var parts []string
	if p.Line > 0 {
		parts = append(parts, l.T("line {n}", "n", strconv.Itoa(p.Line)))
	}
	parts = append(parts, cmp.Or(p.UID, l.T("file")))
	if p.Left {
		parts = append(parts, l.T("left out"))
	}
	return fmt.Sprintf("%s: %s [%s]\n", strings.Join(parts, ", "), p.Text, p.Code)
}

// Summary is what has been counted so far; Seconds is for the caller to set.
func (r *Report) Summary() ImportSummary {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sum
	s.Codes = maps.Clone(s.Codes)
	s.Read = s.New + s.Updated + s.Unchanged + s.Left
	return s
}

// Close writes the summary and returns the first error of the writer.
func (r *Report) Close(s ImportSummary) error { return r.end(s, s.text(r.locale)) }

// CloseUndo is [Report.Close] of an undo.
func (r *Report) CloseUndo(s UndoSummary) error { return r.end(s, s.text(r.locale)) }

func (r *Report) end(s any, text string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.json {
		b, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("encode the summary: %w", err)
		}
		r.print("\n],\"summary\":" + string(b) + "}\n")
	} else {
		r.print(text)
	}
	if r.err != nil {
		return fmt.Errorf("write the report: %w", r.err)
	}
	if err := r.out.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (s ImportSummary) text(l *i18n.Locale) string {
	took := time.Duration(s.Seconds * float64(time.Second)).Round(10 * time.Millisecond)
	out := l.T("{read} rows read in {time}: {new} new, {updated} updated, {unchanged} unchanged, {left} left out.",
		"read", s.Read, "time", took.String(), "new", s.New, "updated", s.Updated, "unchanged", s.Unchanged, "left", s.Left) + "\n"
	if s.Changed > 0 {
		out += l.T("{n} were taken with a change that is named above.", "n", s.Changed) + "\n"
	}
	for _, c := range slices.Sorted(maps.Keys(s.Codes)) {
		out += fmt.Sprintf("  %s: %d\n", c, s.Codes[c])
	}
	out += dryRun(l, s.DryRun)
	if s.Run != "" {
		out += l.T("To undo it:") + " convoke import undo " + s.Run + "\n"
	}
	return out
}

func dryRun(l *i18n.Locale, was bool) string {
	if !was {
		return ""
	}
	return l.T("This was a dry run: nothing was written.") + "\n"
}

func (s UndoSummary) text(l *i18n.Locale) string {
	return l.T("{n} events removed, {stay} stay.", "n", s.Removed, "stay", s.Stay) + "\n" + dryRun(l, s.DryRun)
}

func problemMessage(code string) string {
	switch code {
	case codeYear:
		return i18n.Mark("Only events from 1971 to 2399 can be kept, and this one is in {value}, so it was left out.")
	case codePointOutside:
		return i18n.Mark("The coordinates {value} are not in the state that the row names, so the place was looked up by its name.")
	case codeOutdated:
		return i18n.Mark("A newer revision of this event is here already, so this one changed nothing.")
	case codeUnreadable:
		return i18n.Mark("The description cannot be shown and was dropped.")
	case codeNoTitle:
		return i18n.Mark("The event has no title; it is called “{value}” now.")
	case codeCut:
		return i18n.Mark("A text of this event is too long and was cut: {value}.")
	case eventcsv.CodeCells:
		return i18n.Mark("This row cannot be read, so it was left out.")
	case eventcsv.CodeDate:
		return i18n.Mark("“{value}” is not a start and an end, so the row was left out.")
	default: // codeTooLong
		return i18n.Mark("The event lasts longer than a year; only the first year is shown.")
	}
}

// newProblem is what a code says; value stands for {value} in it.
func newProblem(line int, uid, code string, value ...string) ImportProblem {
	p := ImportProblem{Line: line, UID: uid, Code: code, Message: problemMessage(code)}
	for _, v := range value {
		p.Args = append(p.Args, "value", v)
	}
	return p
}
