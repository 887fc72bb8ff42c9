package attendance_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/feature/attendance"
	"convoke/internal/id"
)

// News of a role goes to whoever left an address, waiting or not, and says nothing
// that another reader of their mail could use. The others' jobs look the same.
func TestRoleNews(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		o.change(func(*fact.EventChanged) {})
		with, without := o.signUp(1, "first@example.org", "en"), o.signUp(1, "", "en")
		tell := func() {
			t.Helper()
			err := o.db.Write(t.Context(), func(tx *db.Tx) error {
				for _, s := range []string{with, without, with} {
					if err := o.Notices.(*attendance.Mailer).RoleChanged(t.Context(), tx, o.event, id.Hash(s)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		tell()
		if s, err := o.jobs.Stats(t.Context()); err != nil || s.Waiting != 2 {
			t.Errorf("%+v, %v", s, err)
		}
		if d := cmp.Diff([]string{"first@example.org"}, o.work()); d != "" {
			t.Fatal(d)
		}
		m := o.sink.Messages()[0]
		if m.Subject != "News of your role: Riverside clean-up" || !strings.HasPrefix(m.Text, "You offered to take a role at this event,") {
			t.Errorf("%q\n%s", m.Subject, m.Text)
		}
		if strings.Contains(m.Text, with) {
			t.Error("the message has the private link")
		}
		// Once the event is over, nobody hears of it any more.
		o.clock.Add(30 * 24 * 60 * 60 * 1e9)
		tell()
		if d := cmp.Diff([]string{"first@example.org"}, o.work()); d != "" {
			t.Error(d)
		}
		o.noJobs()
	})
}
