package attendance_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/fact"
	"convoke/internal/feature/attendance"
	"convoke/internal/job"
	"convoke/internal/notify"
	"convoke/internal/notify/notifytest"
)

func TestMailServerFailsForAWhile(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		o.change(func(*fact.EventChanged) {})
		o.signUp(1, "first@example.org", "en")
		o.signUp(1, "second@example.org", "en")
		o.sink.OnRecipient(func(to string) error {
			if strings.HasPrefix(to, "first") {
				return notifytest.Reply(451, "4.3.0", "<"+to+"> later")
			}
			return nil
		})
		o.change(func(f *fact.EventChanged) { f.Moved = true })
		for range 3 {
			if _, err := o.jobs.RunPending(t.Context()); err == nil || strings.Contains(err.Error(), "first@") {
				t.Fatal(err)
			}
			o.clock.Add(time.Hour)
		}
		o.sink.OnRecipient(nil)
		if d := cmp.Diff([]string{"first@example.org", "second@example.org"}, o.work()); d != "" {
			t.Error(d)
		}
		o.noJobs()
	})
}

func TestRefusalIsVisible(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		o.change(func(*fact.EventChanged) {})
		o.signUp(1, "first@example.org", "en")
		o.sink.OnRecipient(func(to string) error { return notifytest.Reply(550, "5.1.1", "<"+to+"> is unknown") })
		o.change(func(f *fact.EventChanged) { f.Moved = true })
		var failed []job.FailedJob
		for range 20 {
			_, err := o.jobs.RunPending(t.Context())
			if err != nil && !errors.Is(err, notify.ErrPermanent) {
				t.Fatal(err)
			}
			if failed, err = o.jobs.Failed(t.Context()); err != nil {
				t.Fatal(err)
			}
			o.clock.Add(6 * time.Hour)
		}
		if len(failed) != 1 || failed[0].Kind != "attendance.tell" ||
			failed[0].Error != "send mail: recipient: the server answered 550 5.1.1: trying again is of no use" {
			t.Fatalf("%+v", failed)
		}
		if s := fmt.Sprintf("%+v", failed); strings.Contains(s, "@") {
			t.Error(s)
		}
		o.sink.OnRecipient(nil)
		if err := o.jobs.Retry(t.Context(), failed[0].ID); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"first@example.org"}, o.work()); d != "" {
			t.Error(d)
		}
	})
}

func TestNoNotices(t *testing.T) {
	t.Parallel()
	var n attendance.Notices = attendance.NoNotices{}
	if err := errors.Join(n.Promoted(t.Context(), nil, "", nil), n.Changed(t.Context(), nil, fact.EventChanged{Cancelled: true})); err != nil {
		t.Error(err)
	}
}
