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
