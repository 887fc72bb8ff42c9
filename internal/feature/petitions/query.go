package petitions

import (
	"net/url"
	"strconv"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/id"
)

// Bounds of one look at the list.
const (
	pageSize  = 20
	maxResult = 100
)

// Query is which petitions somebody wants to see: those that are open, the latest
// first, or of those that wait for a reply the one that waits longest.
type Query struct {
	State State
	After string // the cursor of the last one seen
	Limit int
}

// stateNames are how lists call states.
var stateNames = [...]struct {
	name  string
	state State
}{{"open", Open}, {"waiting", Delivered}, {"answered", Answered}, {"closed", Closed}}

// params are the names of the parameters that [ParseQuery] reads.
func params() []string { return []string{"state", "after", "limit"} }

// ParseQuery reads the parameters of /petitions.
func ParseQuery(v url.Values) (Query, error) {
	q := Query{State: Open, Limit: pageSize, After: v.Get("after")}
	var p parser
	if s := v.Get("state"); s != "" {
		q.State = ""
		for _, x := range stateNames {
			if x.name == s {
				q.State = x.state
			}
		}
		if q.State == "" {
			p.fail("state", "petition.list", "Ask for petitions that are open, waiting, answered or closed.")
		}
	}
	if _, _, ok := readCursor(q.After); !ok && q.After != "" {
		p.fail("after", "search.cursor", "This page link cannot be read. Please search again.")
	}
	if s := v.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxResult {
			p.fail("limit", "petition.limit", "Ask for 1 to {max} petitions at a time.", "max", maxResult)
		}
		q.Limit = n
	}
	return q, fault.Invalid(p.fields...)
}

// name is how the query is called in addresses.
func (q *Query) name() string {
	for _, x := range stateNames {
		if x.state == q.State {
			return x.name
		}
	}
	return ""
}

// oldest says that the order is rising: who waits longest comes first.
func (q *Query) oldest() bool { return q.State == Delivered }

func (p *Petition) cursor() string { return strconv.FormatInt(p.placed, 10) + "-" + p.ID }

func readCursor(c string) (placed int64, pid string, ok bool) {
	d, pid, _ := strings.Cut(c, "-")
	placed, err := strconv.ParseInt(d, 10, 64)
	return placed, pid, err == nil && placed >= 0 && id.Valid(pid)
}

// after is the place behind which to look.
func (q *Query) after() (placed int64, pid string) {
	if placed, pid, ok := readCursor(q.After); ok {
		return placed, pid
	}
	if q.oldest() {
		return -1 << 62, ""
	}
	return 1 << 62, "zzz"
}
