package subscriptions

import (
	"testing"
	"time"

	"convoke/internal/fault"
	"convoke/internal/i18n"
)

// TestTell hands something over to a confirmed subscription, at any hour and in its language; one
// that is gone, not confirmed, or by mail counts as none.
func TestTell(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		say := func(l *i18n.Locale) Said { return Said{Title: "It waits", Short: l.Tag()} }
		secret := x.join(Choice{Near: "Leipzig, Germany", Size: "town", Contact: "sam", Lang: "es", QuietFrom: "00:00", QuietTo: "23:59"})
		if name, err := x.Channel(x.ctx, secret); err != nil || name != "Test" {
			t.Errorf("%q, %v", name, err)
		}
		for _, about := range []string{"call 1", "call 1", "call 2"} {
			if err := x.Tell(x.ctx, secret, about, "verify", say); err != nil {
				t.Fatal(err)
			}
			x.clock.Add(time.Minute)
		}
		got := x.channel.take()
		if len(got) != 3 || got[0].contact != "sam" || got[0].parcel.Short != "es" || got[0].parcel.Tag != "verify" || got[0].parcel.ID != got[1].parcel.ID || got[0].parcel.ID == got[2].parcel.ID {
			t.Fatalf("%+v", got)
		}
		gone := func(what, secret string) {
			t.Helper()
			if _, err := x.Channel(x.ctx, secret); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("%s: %v", what, err)
			}
			if err := x.Tell(x.ctx, secret, "call 1", "verify", say); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		gone("nobody", x.IDs.Secret())
		gone("nothing", "")
		if _, err := x.Subscribe(x.ctx, Choice{Near: "Leipzig, Germany", Size: "town", Channel: "test", Contact: "kim"}); err != nil {
			t.Fatal(err)
		}
		x.run()
		gone("not confirmed", secretOf(x.channel.take()[0].parcel))
		x.channel.on = func(Parcel) error { return Later{} }
		if err := x.Tell(x.ctx, secret, "call 1", "verify", say); err == nil || fault.Of(err) != nil {
			t.Errorf("a service that does not take it: %v", err)
		}
		x.channel.on = func(Parcel) error { return ErrGone }
		if err := x.Tell(x.ctx, secret, "call 1", "verify", say); !fault.Is(err, fault.KindNotFound) || x.count("select count(*) from alert_subscription where confirmed") != 0 {
			t.Errorf("a contact that is gone: %v", err)
		}
		x.channel.on = nil
		mailed := x.join(Choice{Near: "Leipzig, Germany", Size: "town", Contact: "ann"})
		x.Ways[0] = Way{Code: "test", Name: "E-mail", Channel: Email{}}
		gone("by mail", mailed)
	})
}
