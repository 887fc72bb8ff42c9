package statements

import (
	"net/url"
	"strconv"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/id"
)

// Bounds of one look at the list.
const (
	pageSize  = 30
	maxResult = 200
)

// Query is which statements somebody wants to see, latest first.
type Query struct {
	Handle   string // of a group; "" is all
	Campaign string // handle of one that they are updates of; "" is any or none
	Lang     string // has a text in this language; "" is any
	After    string // the cursor of the last one seen
	Limit    int
}

// params are the names of the parameters that [ParseQuery] reads.
func params() []string { return []string{"group", "campaign", "lang", "after", "limit"} }

// ParseQuery reads the parameters that /statements and its feeds share.
func ParseQuery(v url.Values) (Query, error) {
	q := Query{Handle: handleOf(v.Get("group")), Campaign: handleOf(v.Get("campaign")), Lang: v.Get("lang"), Limit: pageSize}
	var p parser
	if q.Lang != "" && !knownLanguage(q.Lang) {
		p.fail("lang", "search.lang", "There is no language called “{lang}”.", "lang", q.Lang)
	}
	if q.After = v.Get("after"); q.After != "" {
		if _, _, ok := readCursor(q.After); !ok {
			p.fail("after", "search.cursor", "This page link cannot be read. Please search again.")
		}
	}
	if s := v.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxResult {
			p.fail("limit", "statement.limit", "Ask for 1 to {max} statements at a time.", "max", maxResult)
		}
		q.Limit = n
	}
	return q, fault.Invalid(p.fields...)
}

// Values is the query as address parameters, without cursor and limit.
func (q *Query) Values() url.Values {
	v := url.Values{}
	if q.Handle != "" {
		v.Set("group", q.Handle)
	}
	if q.Campaign != "" {
		v.Set("campaign", q.Campaign)
	}
	if q.Lang != "" {
		v.Set("lang", q.Lang)
	}
	return v
}

// cursor is the place of s in lists: its day and its id.
func (s *Statement) cursor() string { return strconv.Itoa(s.Day) + "-" + string(s.ID) }

func readCursor(c string) (day int, sid string, ok bool) {
	d, sid, _ := strings.Cut(c, "-")
	day, err := strconv.Atoi(d)
	return day, sid, err == nil && id.Valid(sid) && day > 0 && day <= 99991231
}

// after is the place behind which to look; at the start it is before everything.
func (q *Query) after() (day int, sid string) {
	if day, sid, ok := readCursor(q.After); ok {
		return day, sid
	}
	return 99999999, "zzz"
}

// Result is a page of statements.
type Result struct {
	Query      Query
	Campaign   Campaign // that was asked for; zero for none, or one that is not public
	Statements []Statement
	Groups     map[id.Group]Group
	Campaigns  map[id.Campaign]Campaign // zero for those that are not public
	More       bool
}

// Last is the cursor behind which the next page begins.
func (r *Result) Last() string {
	if len(r.Statements) == 0 {
		return ""
	}
	return r.Statements[len(r.Statements)-1].cursor()
}

// next is the address parameters of what follows, as many as were asked for.
func (r *Result) next(limit string) url.Values {
	v := r.Query.Values()
	if n := len(r.Statements); n > 0 {
		v.Set("after", r.Statements[n-1].cursor())
	}
	if limit != "" {
		v.Set("limit", limit)
	}
	return v
}
