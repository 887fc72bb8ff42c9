package petitions

import (
	"net/url"
	"slices"
	"testing"

	"convoke/internal/fault"
	"convoke/internal/id"
)

// Any address of the list is understood, and goes on behind the petition that it
// names, or is answered with messages for its fields.
func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{
		"state=waiting&after=20260501-01kqm8ymg00000000000000000&limit=5", "after=-1-01kqm8ymg00000000000000000", "after=-", "limit=0", "state=draft",
		"after=9223372036854775807-71kqm8ymg00000000000000000", "after=%2B1-01kqm8ymg00000000000000000",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := url.ParseQuery(s)
		if err != nil {
			return
		}
		q, err := ParseQuery(v)
		if err != nil {
			if !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if q.Limit < 1 || q.Limit > maxResult || !slices.Contains([]string{"open", "waiting", "answered", "closed"}, q.name()) {
			t.Errorf("%q asks for %+v", s, q)
		}
		placed, pid := q.after()
		if p := (Petition{placed: placed, ID: pid}); q.After != "" {
			if n, x, ok := readCursor(p.cursor()); !ok || n != placed || x != pid || !id.Valid(pid) {
				t.Errorf("%q goes on behind %d %q, then %d %q", s, placed, pid, n, x)
			}
		}
	})
}
