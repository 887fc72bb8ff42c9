package bench

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Report is what one run of the command has measured.
type Report struct {
	Machine Machine `json:"machine"`
	Started string  `json:"started"` // RFC 3339, UTC
	Scale   Scale   `json:"scale"`
	Runs    int     `json:"runs"` // turns that were asked for; see [Line.Times]
	Lines   []Line  `json:"lines"`
}

// Line is one figure.
type Line struct {
	Bench string  `json:"bench"`
	What  string  `json:"what"`
	Value float64 `json:"value"` // in Unit
	Unit  string  `json:"unit"`
	// Times says how often it was measured: turns whose median Value is, or for p50
	// and p99 of one turn what was done in it.
	Times int `json:"times"`
	// Reference is what the reference program did, in the same unit; 0 where
	// there is none. Ratio is the median of the turns' ratios.
	Reference float64 `json:"reference,omitempty"`
	Ratio     float64 `json:"ratio,omitempty"`
	// CPU is the ratio by processor time instead of the clock: the reference's
	// for the same work to the product's, load generator included in both. Other
	// programs on the machine disturb it least. 0 where it is not known.
	CPU float64 `json:"cpu_ratio,omitempty"`
	Aim Aim     `json:"aim,omitzero"`
	// Met says whether the aim is met; nil without one.
	Met *bool `json:"met,omitempty"`
}

// Aim is what a line should reach: a ratio of at least Ratio, or a value of at
// most Most. The zero Aim is none.
type Aim struct {
	Ratio float64 `json:"ratio,omitempty"`
	Most  float64 `json:"most,omitempty"`
}

func (l Line) judge() Line {
	var met bool
	switch {
	case l.Aim.Ratio > 0:
		met = l.Ratio >= l.Aim.Ratio
	case l.Aim.Most > 0:
		met = l.Value <= l.Aim.Most
	default:
		return l
	}
	l.Met = &met
	return l
}

// Write prints the report as a table for people.
func (r Report) Write(out io.Writer) error {
	m := r.Machine
	fmt.Fprintf(out, "%s\n%s, %d cores, %s memory, %s, SQLite %s\nscale %s, %d turns asked for, begun %s\n\n",
		"Each ratio is product to reference, taken in turns on this machine. Times says how often a figure was measured; of several turns it is the median.",
		m.CPU, m.Cores, bytesText(m.Memory), m.Go, m.SQLite, r.Scale, r.Runs, r.Started)
	t := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "benchmark\twhat\tmeasured\ttimes\treference\tratio\tby CPU\taim\t")
	for _, l := range r.Lines {
		ref, ratio, cpu, verdict := "", "", "", ""
		if l.Reference > 0 {
			ref, ratio = number(l.Reference), percent(l.Ratio)
		}
		if l.CPU > 0 {
			cpu = percent(l.CPU)
		}
		if l.Met != nil && *l.Met {
			verdict = "met"
		} else if l.Met != nil {
			verdict = "missed"
		}
		fmt.Fprintf(t, "%s\t%s\t%s %s\t%d\t%s\t%s\t%s\t%s\t%s\n",
			l.Bench, l.What, number(l.Value), l.Unit, l.Times, ref, ratio, cpu, l.Aim.text(l.Unit), verdict)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (a Aim) text(unit string) string {
	switch {
	case a.Ratio > 0:
		return "at least " + percent(a.Ratio)
	case a.Most > 0:
		return "at most " + number(a.Most) + " " + unit
	}
	return ""
}

func percent(v float64) string { return strconv.FormatFloat(v*100, 'f', 0, 64) + "%" }

// number is short: three digits that say something, thousands in groups.
func number(v float64) string {
	switch {
	case v >= 1000:
		s := strconv.FormatFloat(v, 'f', 0, 64)
		for i := len(s) - 3; i > 0; i -= 3 {
			s = s[:i] + "," + s[i:]
		}
		return s
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

func bytesText(n int64) string {
	if n <= 0 {
		return "unknown"
	}
	return strings.TrimSuffix(strconv.FormatFloat(float64(n)/(1<<30), 'f', 1, 64), ".0") + " GiB"
}
