package alerts

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/fault"
	"convoke/internal/i18n"
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
		f.Post, f.BaseURL = &Post{addresses{}, sent}, "https://example.org"
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

// phones are the ways of subscriptions by their secrets; one that is empty is gone.
type phones struct {
	names map[string]string
	told  []string
	fail  error
}

func (p *phones) Channel(_ context.Context, secret string) (string, error) {
	if p.names[secret] == "" {
		return "", fault.NotFound("alerts.no_link", "x")
	}
	return p.names[secret], nil
}

func (p *phones) Tell(ctx context.Context, secret, _ string, say func(*i18n.Locale) CallText) error {
	if _, err := p.Channel(ctx, secret); err != nil || p.fail != nil {
		return errors.Join(err, p.fail)
	}
	t := say(i18n.English())
	p.told = append(p.told, secret+": "+t.Short)
	return nil
}

// TestCallElsewhere: a verifier is called through their own subscription, and by mail where that
// fails, is gone, or is not wanted any more. Its link is sealed, and is nobody else's to choose.
func TestCallElsewhere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		secret := f.ids.Secret()
		mails, calls := &outbox{}, &phones{names: map[string]string{secret: "Text message"}}
		f.Post, f.BaseURL = &Post{addresses{}, mails}, "https://example.org"
		f.network("bo")
		must(t, f.Unname(f.ctx(), as("ada"), "near", "ada"))
		page := "/alerts/networks/near/people"
		bo := f.browser("bo")
		if a := bo.Get(page).Want(t, 200, ""); strings.Contains(a.Body, "How you are called") {
			t.Error("a node without channels offers them")
		}
		f.Ways = calls
		if a := bo.Post(page, "do", "call", "link", "https://example.org/subscriptions/"+f.ids.Secret()); a.Status != 422 || a.Text("#link-error") == "" {
			t.Errorf("a link of nobody: %d", a.Status)
		}
		bo.Post(page, "do", "call", "link", "").Want(t, 422, "")
		f.browser("cy").Post(page, "do", "call", "link", secret).Want(t, 404, "")
		bo.Post(page, "do", "call", "link", " https://example.org/subscriptions/"+secret+"/leave?x ").Want(t, 303, page)
		if a := bo.Get(page).Want(t, 200, ""); !strings.Contains(a.Text("main"), "On this channel: Text message") {
			t.Errorf("%s", a.Text("main"))
		}
		if n := f.count("alert_verifier where call_sealed is not null"); n != 1 {
			t.Errorf("%d verifiers are called elsewhere", n)
		}
		called := func(told, mailed int) {
			t.Helper()
			advance(f, 3*time.Hour)
			_, err := f.report("", smoke())
			must(t, err)
			must(t, f.Call(f.ctx()))
			f.run()
			if len(calls.told) != told || len(mails.all) != mailed {
				t.Errorf("%d told, %d mailed: %q", len(calls.told), len(mails.all), calls.told)
			}
			calls.told, mails.all = nil, nil
		}
		called(1, 0)
		calls.fail = errors.New("the gateway sleeps")
		called(0, 1)
		calls.fail = nil
		f.Post = nil
		called(1, 0)
		f.Post, calls.names = &Post{addresses{}, mails}, nil
		called(0, 1)
		if n := f.count("alert_verifier where call_sealed is not null"); n != 0 {
			t.Error("a link that leads nowhere is kept")
		}
		calls.names = map[string]string{secret: "Text message"}
		bo.Post(page, "do", "call", "link", secret).Want(t, 303, page)
		bo.Post(page, "do", "mail").Want(t, 303, page)
		called(0, 1)
	})
}
