package subscriptions

import (
	"testing"
	"time"

	"convoke/internal/fact"
	"convoke/internal/fault"
)

// TestMove: a browser that changed the address of its messages goes on to hear, of corrections
// too, and its secret opens nothing but what it opened before.
func TestMove(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		push := func(contact string) string {
			t.Helper()
			return x.join(Choice{Cell: at.String(), Size: "near", Contact: contact, Channel: "push"})
		}
		ann, bob := push("ann"), push("bob")
		mail := x.join(Choice{Cell: at.String(), Size: "near", Contact: "cid"})
		x.sent("a", 1, fact.AlertNew, "fire", 48*time.Hour, at)
		x.run()
		same(t, "the alert", x.channel.take(), "ann a/1", "bob a/1", "cid a/1")
		x.clock.Add(40 * 24 * time.Hour) // into another month, with another key
		for range 2 {
			must(t, x.Move(x.ctx, ann, "ann2"))
		}
		x.sent("b", 1, fact.AlertNew, "fire", 48*time.Hour, at)
		x.run()
		same(t, "moved", x.channel.take(), "ann2 b/1", "bob b/1", "cid b/1")
		if sub, err := x.Find(x.ctx, ann); err != nil || !sub.Confirmed || sub.Channel != "push" {
			t.Errorf("%+v, %v", sub, err)
		}
		if err := x.Move(x.ctx, ann, "two words"); !fault.HasCode(err, "test.contact") {
			t.Errorf("no contact: %v", err)
		}
		for _, secret := range []string{mail, x.IDs.Secret(), "x"} {
			if err := x.Move(x.ctx, secret, "eve"); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("%q is moved: %v", secret, err)
			}
		}
		must(t, x.Move(x.ctx, bob, "ann2")) // which hears already
		x.sent("b", 2, fact.AlertCorrect, "fire", 48*time.Hour, at)
		x.run()
		same(t, "a correction", x.channel.take(), "ann2 b/2", "cid b/2")
	})
}

// browser subscribes one, which is proof enough, and returns its secret.
func (x *fixture) browser(contact string) string {
	x.t.Helper()
	_, err := x.Subscribe(x.ctx, Choice{Cell: cell(x.t, "Leipzig").String(), Size: "near", Channel: "push", Contact: contact})
	must(x.t, err)
	x.run()
	got := x.channel.take()
	if len(got) != 1 || got[0].contact != contact {
		x.t.Fatalf("%s is greeted by %v", contact, got)
	}
	return secretOf(got[0].parcel)
}

// TestMovedOntoAnother: a browser that was told, or may have been, and then moves to an address
// that is subscribed otherwise hears of the withdrawal there, and not twice of what it heard.
func TestMovedOntoAnother(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		old := x.browser("old")
		x.sent("a", 1, fact.AlertNew, "fire", 12*time.Hour, at)
		x.run()
		same(t, "the mistake", x.channel.take(), "old a/1")
		x.channel.after = func(Parcel) error { return errLine }
		x.sent("b", 1, fact.AlertNew, "fire", 12*time.Hour, at)
		x.run()
		same(t, "one of which nobody knows whether it came", x.channel.take(), "old b/1")
		x.channel.after = nil
		// Its page subscribes anew with the new address, then its worker says that it moved.
		there := x.browser("new")
		must(t, x.Move(x.ctx, old, "new"))
		if _, err := x.Find(x.ctx, old); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("it is subscribed twice: %v", err)
		}
		if _, err := x.Find(x.ctx, there); err != nil {
			t.Error(err)
		}
		x.sent("a", 2, fact.AlertWithdraw, "fire", 12*time.Hour, at)
		x.sent("b", 2, fact.AlertWithdraw, "fire", 12*time.Hour, at)
		x.run()
		same(t, "the withdrawals", x.channel.take(), "new a/2", "new b/2")
	})
}

// TestMovedInTheAir: nor is a withdrawal missed of what was on its way when the browser moved.
func TestMovedInTheAir(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		old := x.browser("old")
		x.browser("new")
		x.channel.on = func(p Parcel) error {
			if p.Contact == "old" {
				must(t, x.Move(x.ctx, old, "new"))
				return nil
			}
			return ErrRefused
		}
		x.sent("a", 1, fact.AlertNew, "fire", 12*time.Hour, at)
		x.run()
		same(t, "the mistake", x.channel.take(), "old a/1")
		x.channel.on = nil
		x.sent("a", 2, fact.AlertWithdraw, "fire", 12*time.Hour, at)
		x.run()
		same(t, "the withdrawal", x.channel.take(), "new a/2")
	})
}

// TestMovedWhileItWaits: nor is a withdrawal missed that the old address did not take so far.
func TestMovedWhileItWaits(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		old := x.browser("old")
		x.sent("a", 1, fact.AlertNew, "fire", 12*time.Hour, at)
		x.run()
		same(t, "the mistake", x.channel.take(), "old a/1")
		x.channel.on = func(Parcel) error { return Later{After: time.Hour} }
		x.sent("a", 2, fact.AlertWithdraw, "fire", 12*time.Hour, at)
		x.run()
		x.channel.on = nil
		x.browser("new")
		must(t, x.Move(x.ctx, old, "new"))
		x.clock.Add(2 * time.Hour)
		x.run()
		same(t, "the withdrawal", x.channel.take(), "new a/2")
	})
}

// TestMovedOntoUnproven: somebody's asking with an address, which waits to be proven, does not
// end the subscription of the browser that moves there.
func TestMovedOntoUnproven(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		secret := x.browser("old")
		x.channel.on = func(Parcel) error { return Later{After: time.Hour} }
		if _, err := x.Subscribe(x.ctx, Choice{Cell: at.String(), Size: "near", Channel: "push", Contact: "new"}); err != nil {
			t.Fatal(err)
		}
		must(t, x.Due(x.ctx))
		_, _ = x.jobs.RunPending(x.ctx) // it cannot be greeted
		x.channel.on = nil
		must(t, x.Move(x.ctx, secret, "new"))
		x.sent("a", 1, fact.AlertNew, "fire", 12*time.Hour, at)
		x.run()
		same(t, "the alert", x.channel.take(), "new a/1")
		for range 48 {
			x.clock.Add(time.Hour)
			x.run()
		}
		if got := x.channel.take(); len(got) != 0 {
			t.Errorf("it is greeted: %v", contacts(got))
		}
		if _, err := x.Find(x.ctx, secret); err != nil {
			t.Error(err)
		}
	})
}
