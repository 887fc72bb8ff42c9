package statements

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"convoke/internal/i18n"
)

// Codes of the report, which stay the same between versions.
const (
	codeFrontMatter = "front_matter"
	codeLarge       = "large"
	codeEncoding    = "encoding"
	codeEmpty       = "empty"
	codeLong        = "long"
	codeRepeat      = "repeat"
	codeWithdrawn   = "withdrawn"
	codeNoTitle     = "no_title"
	codeCut         = "cut"
	codeNoDate      = "no_date"
	codeDate        = "date"
	codeFuture      = "future"
	codeLang        = "lang"
	codeAlone       = "alone"
	codePublic      = "public"
	codeUncorrected = "uncorrected"
	codeCorrection  = "correction"
	codePicture     = "picture"
	codeLiquid      = "liquid"
	codeHTML        = "html"
	codeAttributes  = "attributes"
	codeRelative    = "relative"
	codeHeading     = "heading"
	codeCampaign    = "campaign"
	codeFields      = "fields"
)

// sentence explains a code; {value} is what it is about.
func sentence(code string) string {
	switch code {
	case codeFrontMatter:
		return i18n.Mark("The fields at the beginning cannot be read ({value}), so the post was left out.")
	case codeLarge:
		return i18n.Mark("The file is larger than {value}, so it was left out.")
	case codeEncoding:
		return i18n.Mark("Letters that are not in UTF-8 were replaced.")
	case codeEmpty:
		return i18n.Mark("There is no text, so the post was left out.")
	case codeLong:
		return i18n.Mark("The text is longer than {value} and cutting it would change what it says, so it was left out.")
	case codeRepeat:
		return i18n.Mark("Another file of this import is the statement “{value}” in the same language, so this one was left out.")
	case codeWithdrawn:
		return i18n.Mark("The statement “{value}” is withdrawn here and stays so; the post was left out.")
	case codeNoTitle:
		return i18n.Mark("The post has no title; it is called “{value}” now.")
	case codeCut:
		return i18n.Mark("The field {value} is too long and was cut.")
	case codeNoDate:
		return i18n.Mark("No date, neither in the fields nor in the file's name: kept as a draft that is dated today.")
	case codeDate:
		return i18n.Mark("“{value}” is not a date and was passed over.")
	case codeFuture:
		return i18n.Mark("The date {value} has not come yet: kept as a draft.")
	case codeLang:
		return i18n.Mark("“{value}” is not a language that is known here and was passed over.")
	case codeAlone:
		return i18n.Mark("The original that this version belongs to is not here; it became a statement of its own.")
	case codePublic:
		return i18n.Mark("The file is a draft, and the statement is public here: it stays public.")
	case codeUncorrected:
		return i18n.Mark("The text changed and the file names no new correction: the page says only that it was changed.")
	case codeCorrection:
		return i18n.Mark("A correction without a date and a note was passed over.")
	case codePicture:
		return i18n.Mark("The picture {value} was not taken: only picture files beside the post are. Add it by hand.")
	case codeLiquid:
		return i18n.Mark("A template tag was taken out: {value}")
	case codeHTML:
		return i18n.Mark("HTML was turned into Markdown as far as that can be: {value}")
	case codeAttributes:
		return i18n.Mark("Styling was taken out: {value}")
	case codeRelative:
		return i18n.Mark("This address holds only on the old site, so it is no link: {value} (--site completes it).")
	case codeHeading:
		return i18n.Mark("The text began with its title, which was taken out: the page shows it anyway.")
	case codeCampaign:
		return i18n.Mark("There is no public campaign “{value}” that the group owns, so it is no update of one.")
	default: // codeFields
		return i18n.Mark("Fields that are not read: {value}.")
	}
}

// Problem says what was done to one file, or to all when File is "".
type Problem struct {
	File string `json:"file"`
	Code string `json:"code"`
	Text string `json:"text"` // a sentence
	Left bool   `json:"left"` // the file was left out; otherwise it was taken with a change
}

// Summary counts the files of one import. Read is New, Updated, Unchanged and
// Left together.
type Summary struct {
	Read      int            `json:"read"`
	New       int            `json:"new"`
	Updated   int            `json:"updated"`
	Unchanged int            `json:"unchanged"`
	Left      int            `json:"left"`    // left out, each named in the report
	Changed   int            `json:"changed"` // taken, with something dropped or bent
	Codes     map[string]int `json:"codes"`   // problems by code
	Seconds   float64        `json:"seconds"`
	DryRun    bool           `json:"dry_run"`
}

// Report names, while an import runs, each file that is left out or changed.
type Report struct {
	out    *bufio.Writer
	json   bool
	locale *i18n.Locale
	named  int
	last   string // the file that was counted as changed
	err    error
	sum    Summary
}

// NewReport writes to w as it goes: lines for people, or one JSON object with
// the members "rows" and "summary". [Report.Close] ends it.
func NewReport(w io.Writer, asJSON bool) *Report {
	r := &Report{out: bufio.NewWriter(w), json: asJSON, locale: i18n.English(), sum: Summary{Codes: map[string]int{}}}
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

func (r *Report) problem(file, code, value string, left bool) {
	r.sum.Codes[code]++
	switch {
	case left:
		r.sum.Left++
	case file != "" && file != r.last: // the problems of one file follow each other
		r.sum.Changed++
		r.last = file
	}
	p := Problem{File: file, Code: code, Text: r.locale.T(sentence(code), "value", value), Left: left}
	r.named++
	if !r.json {
		name, what := file, ""
		if name == "" {
			name = r.locale.T("all files")
		}
		if left {
			what = ", " + r.locale.T("left out")
		}
		r.print(fmt.Sprintf("%s%s: %s [%s]\n", name, what, p.Text, p.Code))
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

// Summary is what has been counted so far; Seconds is for the caller to set.
func (r *Report) Summary() Summary {
	s := r.sum
	s.Codes = maps.Clone(s.Codes)
	s.Read = s.New + s.Updated + s.Unchanged + s.Left
	return s
}

// Close writes the summary and returns the first error of the writer.
func (r *Report) Close(s Summary) error {
	if r.json {
		b, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("encode the summary: %w", err)
		}
		r.print("\n],\"summary\":" + string(b) + "}\n")
	} else {
		r.print(s.text(r.locale))
	}
	if r.err == nil {
		r.err = r.out.Flush()
	}
	if r.err != nil {
		return fmt.Errorf("write the report: %w", r.err)
	}
	return nil
}

func (s Summary) text(l *i18n.Locale) string {
	took := time.Duration(s.Seconds * float64(time.Second)).Round(10 * time.Millisecond)
	out := l.T("{read} posts read in {time}: {new} new, {updated} updated, {unchanged} unchanged, {left} left out.",
		"read", s.Read, "time", took.String(), "new", s.New, "updated", s.Updated, "unchanged", s.Unchanged, "left", s.Left) + "\n"
	if s.Changed > 0 {
		out += l.T("{n} were taken with a change that is named above.", "n", s.Changed) + "\n"
	}
	for _, c := range slices.Sorted(maps.Keys(s.Codes)) {
		out += fmt.Sprintf("  %s: %d\n", c, s.Codes[c])
	}
	if s.DryRun {
		out += l.T("This was a dry run: nothing was written.") + "\n"
	}
	return out
}
