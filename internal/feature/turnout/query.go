package turnout

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
)

// Bounds of one look at the totals.
const (
	pageSize = 50
	maxRows  = 2000
	maxArea  = 100
)

// Query is which totals somebody wants to see: by day, latest first, or, for
// one month, by place.
type Query struct {
	Month           time.Time // the first of a month; zero is all
	Country, Region string    // as stored with the events; "" is all
	Places          bool      // by place instead of by day
	Before          int       // a day as yyyymmdd: only earlier ones; 0 is from the latest
	Limit           int
}

// params are the names of the parameters that [ParseQuery] reads.
func params() []string { return []string{"by", "month", "country", "region", "before", "limit"} }

// ParseQuery reads the parameters that /turnout and its formats share.
func ParseQuery(v url.Values, limit int) (Query, error) {
	q := Query{Limit: limit, Places: v.Get("by") == "place"}
	var bad []fault.FieldError
	if s := strings.TrimSpace(v.Get("month")); s != "" {
		t, err := time.Parse("2006-01", s)
		if err != nil || t.Year() < 1970 || t.Year() > 2399 {
			bad = append(bad, fault.Field("month", "turnout.month", "Write the month as year-month, such as 2026-11."))
		} else {
			q.Month = t
		}
	}
	area := func(name string) string {
		s := strings.TrimSpace(v.Get(name))
		if utf8.RuneCountInString(s) > maxArea {
			bad = append(bad, fault.Field(name, "form.long", "This is too long: at most {limit} characters, please.", "limit", maxArea))
		}
		return s
	}
	q.Country, q.Region = area("country"), area("region")
	if len(q.Country) == 2 {
		q.Country = strings.ToUpper(q.Country)
	}
	if len(q.Region) <= 3 {
		q.Region = strings.ToUpper(q.Region)
	}
	if s := v.Get("before"); s != "" {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			bad = append(bad, fault.Field("before", "turnout.cursor", "This page link cannot be read. Please start again."))
		}
		q.Before = day.Of(t)
	}
	if s := v.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxRows {
			bad = append(bad, fault.Field("limit", "turnout.limit", "Ask for 1 to {max} rows at a time.", "max", maxRows))
		}
		q.Limit = n
	}
	return q, fault.Invalid(bad...)
}

// Values is the query as address parameters, without cursor and limit.
func (q *Query) Values() url.Values {
	v := url.Values{}
	set := func(k, s string) {
		if s != "" {
			v.Set(k, s)
		}
	}
	if !q.Month.IsZero() {
		v.Set("month", q.Month.Format("2006-01"))
	}
	set("country", q.Country)
	set("region", q.Region)
	if q.Places {
		v.Set("by", "place")
	}
	return v
}

// Row is the sum over the events of a day, or of a place in a month: people
// from Low to High, as the sources of Events-Without events say.
type Row struct {
	Day             int // yyyymmdd; 0 by place
	Country, Region string
	Events          int
	Without         int // events that have no estimate
	Low, High       int
}

// Result is a page of totals.
type Result struct {
	Query Query // as answered: by place always has a month
	Rows  []Row
	More  bool
}

// Totals answers a query about the days up to today. It reads totals only, never
// events.
func (s *Service) Totals(ctx context.Context, q Query, today time.Time) (Result, error) {
	r := Result{Query: q}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if q.Places {
			r.Rows, err = placesOf(ctx, tx, &r.Query, day.Of(today))
		} else {
			r.Rows, err = daysOf(ctx, tx, &r.Query, day.Of(today))
		}
		return err
	})
	if len(r.Rows) > q.Limit {
		r.Rows, r.More = r.Rows[:q.Limit], true
	}
	return r, err
}

// window is the first and last day that a query means.
func (q *Query) window(today int) (from, to int) {
	to = today
	if q.Before > 0 {
		to = min(to, q.Before-1)
	}
	if !q.Month.IsZero() {
		from = day.Of(q.Month)
		to = min(to, day.Of(q.Month.AddDate(0, 1, -1)))
	}
	return from, to
}
