package alerts

import (
	"context"
	"slices"
	"testing"
	"time"

	"convoke/internal/id"
	"convoke/internal/notify"
)

// addresses are those of everybody.
type addresses struct{}

func (addresses) Reach(_ context.Context, p id.Person) (string, string, error) {
	return string(p) + "@example.org", "en", nil
}

// outbox keeps what is sent.
type outbox struct{ all []notify.Message }

func (o *outbox) Send(_ context.Context, m notify.Message) error {
	o.all = append(o.all, m)
	return nil
}

// TestCall: who is on call is called at once, all are when nobody takes it on, and a flood
// of reports calls nobody more than once in five minutes.
func TestCall(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		ctx, sent := t.Context(), &outbox{}
		f.Post = &Post{addresses{}, sent, "https://example.org"}
		f.network("bo", "cy")
		called := func(want ...string) {
			t.Helper()
			must(t, f.Call(ctx))
			if _, err := f.Jobs.RunPending(ctx); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range sent.all {
				got = append(got, m.To[:len(m.To)-len("@example.org")])
				text, _, err := m.Body.Render(m.Subject, m.Lang)
				if must(t, err); m.Subject != "To verify: Near" || len(text) > 600 {
					t.Errorf("%s: %s", m.Subject, text)
				}
			}
			sent.all = nil
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("called are %v, not %v", got, want)
			}
		}
		called()
		now := f.clock.Now()
		must(t, f.AddShift(ctx, as("ada"), "near", f.ids.Secret(), "bo", now.Add(-time.Hour), now.Add(time.Hour)))
		_, err := f.report("", smoke())
		must(t, err)
		called("bo")
		called() // once
		in := smoke()
		in.Category = "road"
		_, err = f.report("", in)
		must(t, err)
		called() // not twice within five minutes
		advance(f, 11*time.Minute)
		called("ada", "bo", "cy")
		for range 3 {
			must(t, f.Claim(ctx, as("bo"), "near", f.first().ID))
			advance(f, 6*time.Minute)
			if q, err := f.Queue(ctx, as("bo"), "near", Fresh, "", 0); err != nil || len(q.Cases) == 0 {
				must(t, err)
				break
			}
		}
		called() // all is taken on
		advance(f, 2*time.Hour)
		_, err = f.report("", in)
		must(t, err)
		called("ada", "bo", "cy") // nobody is on call
	})
}
