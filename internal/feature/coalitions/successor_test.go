package coalitions

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Whoever hears that a mandate ended finds the one that follows already there, and when
// it was over.
func TestSuccessorsSitFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		ada, ben, cem := x.person("ada"), x.person("ben"), x.person("cem")
		x.group("anglers", ada)
		x.group("bakers", ben, cem)
		h, c := x.start(ada, valley("anglers", "valley"))
		x.joins("bakers", ben, h, ada, 0)
		heard := func(left int, at time.Time) {
			t.Helper()
			last := len(x.heard.ended) - 1
			if last < 0 || x.heard.left[last] != left || !x.heard.ended[last].At.Equal(at) {
				t.Errorf("told %+v with %v seats left, want %d at %v", x.heard.ended, x.heard.left, left, at)
			}
		}
		x.sends("bakers", ben, ben, x.term(h, 1))
		in := x.term(h, 1)
		in.Alternate = "ben"
		did := x.sends("bakers", ben, cem, in) // instead of ben
		heard(1, x.clock.Now())
		x.must(x.Take(ctx, ben, did))
		x.must(x.Recall(ctx, ben, "bakers", did)) // ben stands in
		heard(1, x.clock.Now())
		if d := cmp.Diff([]string{"anglers/1/1", "bakers/1/1"}, x.electorate(c)); d != "" {
			t.Error(d)
		}
		over := x.clock.Now().Add(standInFor)
		x.clock.Set(over.Add(40 * time.Second)) // the schedule runs once a minute
		x.must(x.Due(ctx))
		heard(0, over)
	})
}
