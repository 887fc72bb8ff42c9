package turnout

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"convoke/internal/day"
	"convoke/internal/web"
)

// formatTTL bounds how old a file is that ends with today.
const formatTTL = time.Hour

// feed answers the query of the address with what write makes of it.
func (w *Web) feed(c *web.Call, write func(Result) error) error {
	return c.Cached([]string{"events", "turnout"}, formatTTL, func() error {
		q, err := ParseQuery(c.Query(), maxRows)
		if err != nil {
			return err
		}
		r, err := w.Totals(c.Context(), q, c.Now())
		if err != nil {
			return err
		}
		return write(r)
	}, params()...)
}

// jsonRow is a day or a place. low and high are null when no event of it has an
// estimate.
type jsonRow struct {
	Day             string `json:"day,omitempty"`
	Month           string `json:"month,omitempty"`
	Country         string `json:"country,omitempty"`
	Region          string `json:"region,omitempty"`
	Events          int    `json:"events"`
	WithoutEstimate int    `json:"without_estimate"`
	Low             *int   `json:"low"`
	High            *int   `json:"high"`
}

type jsonTotals struct {
	Note string    `json:"note"`
	Rows []jsonRow `json:"rows"`
	Next string    `json:"next,omitempty"` // address of what comes before the last row
}

// json says what the numbers are in the file itself, because files travel
// without their page.
func (w *Web) json(c *web.Call) error {
	return w.feed(c, func(r Result) error {
		d := jsonTotals{Rows: []jsonRow{}}
		d.Note = c.Locale.T("Sums of the lowest and the highest numbers that sources give for each event. " +
			"Events without an estimate add nothing. This is not a census.")
		for _, x := range r.Rows {
			j := jsonRow{Country: x.Country, Region: x.Region, Events: x.Events, WithoutEstimate: x.Without}
			if x.Day > 0 {
				j.Day = day.ISO(x.Day)
			} else {
				j.Month = r.Query.Month.Format("2006-01")
			}
			if x.Events > x.Without {
				j.Low, j.High = &x.Low, &x.High
			}
			d.Rows = append(d.Rows, j)
		}
		if r.More && !r.Query.Places {
			d.Next = c.BaseURL() + withQuery("/turnout.json", nextPage(c, r))
		}
		b, err := json.Marshal(d)
		if err != nil {
			return fmt.Errorf("encode totals: %w", err)
		}
		return c.Write(200, "application/json", b)
	})
}

// csv writes RFC 4180. The cells of low and high are empty when no event has an
// estimate.
func (w *Web) csv(c *web.Call) error {
	return w.feed(c, func(r Result) error {
		var out bytes.Buffer
		cw := csv.NewWriter(&out)
		cw.UseCRLF = true
		head := []string{"day", "events", "without_estimate", "low", "high"}
		if r.Query.Places {
			head = []string{"month", "country", "region", "events", "without_estimate", "low", "high"}
		}
		rows := [][]string{head}
		for _, x := range r.Rows {
			rows = append(rows, csvRow(r.Query, x))
		}
		if err := cw.WriteAll(rows); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
		c.Header().Set("Content-Disposition", `attachment; filename="turnout.csv"`)
		return c.Write(200, "text/csv; charset=utf-8", out.Bytes())
	})
}

func csvRow(q Query, x Row) []string {
	out := []string{day.ISO(x.Day)}
	if q.Places {
		out = []string{q.Month.Format("2006-01"), safeCell(x.Country), safeCell(x.Region)}
	}
	low, high := "", ""
	if x.Events > x.Without {
		low, high = strconv.Itoa(x.Low), strconv.Itoa(x.High)
	}
	return append(out, strconv.Itoa(x.Events), strconv.Itoa(x.Without), low, high)
}

// safeCell keeps a spreadsheet from running a cell as a formula (OWASP, "CSV
// Injection").
func safeCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
