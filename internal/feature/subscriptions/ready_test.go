package subscriptions

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/notify/webpush"
	"convoke/internal/notify/webpush/pushservice"
)

// TestReady: what was done ahead for a browser is used for one message, which it can read, and
// not for a browser that has moved.
func TestReady(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		service, err := pushservice.Start(t.Context(), x.clock)
		must(t, err)
		over := service.Transport()
		t.Cleanup(func() { must(t, errors.Join(over.Close(), service.Close())) })
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		sender, err := webpush.NewSender(over, key, "https://node.example", x.clock)
		must(t, err)
		x.Ways[2] = PushWay(Push{sender, x.clock, x.Locales})
		at := cell(t, "Leipzig")
		browser := func() *pushservice.Browser {
			b, err := service.Subscribe(sender.PublicKey())
			must(t, err)
			return b
		}
		join := func(b *pushservice.Browser) (secret string) {
			_, err := x.Subscribe(x.ctx, Choice{Cell: at.String(), Size: "near", Channel: "push", Contact: b.JSON()})
			must(t, err)
			x.run()
			var m pushed
			must(t, json.Unmarshal(b.Messages()[0].Text, &m))
			return secretOf(Parcel{Manage: m.Leave[:len(m.Leave)-len("/leave")]})
		}
		ready := func(want int) {
			t.Helper()
			if n := len(x.ready.at); n != want {
				t.Errorf("%d are ready, want %d", n, want)
			}
		}
		reads := func(who string, b *pushservice.Browser, titles ...string) {
			t.Helper()
			all := b.Messages()
			all = all[max(0, len(all)-len(titles)):]
			for i, want := range titles {
				var m pushed
				if i >= len(all) || json.Unmarshal(all[i].Text, &m) != nil || m.Title != want {
					t.Errorf("%s: %d messages, the %d. is %q, want %q", who, len(all), i, m.Title, want)
				}
			}
		}
		ann, bob, cid := browser(), browser(), browser()
		annsSecret := join(ann)
		join(bob)
		cids := join(cid)
		x.join(Choice{Cell: at.String(), Size: "near", Contact: "dan"}) // nothing can be done ahead

		must(t, x.GetReady(x.ctx, 0))
		ready(3)
		moved := browser()
		must(t, x.Move(x.ctx, annsSecret, moved.JSON()))
		must(t, x.Leave(x.ctx, cids))
		x.sent("a", 1, fact.AlertNew, "fire", 48*time.Hour, at)
		x.run()
		reads("moved", moved, "a/1")
		reads("bob", bob, "a/1")
		ready(1) // Cid's
		x.sent("a", 2, fact.AlertUpdate, "fire", 48*time.Hour, at)
		x.run()
		reads("moved", moved, "a/1", "a/2")
		reads("bob", bob, "a/1", "a/2")

		must(t, x.GetReady(x.ctx, 0))
		ready(2) // whoever left is forgotten
		first := *x.ready.take(x.one("push"))
		must(t, x.GetReady(x.ctx, 0))
		if again := x.ready.take(x.one("push")); again == nil || *again == first {
			t.Error("what was used is there again")
		}
		if len(ann.Messages()) != 1 {
			t.Error("the browser that moved away hears more")
		}
	})
}

// one is the id of a subscription on a channel.
func (x *fixture) one(channel string) (sid string) {
	x.t.Helper()
	must(x.t, x.DB.Read(x.ctx, func(tx *db.Tx) error {
		return tx.Get(x.ctx, "select id from alert_subscription where channel = $1 order by id limit 1", []any{channel}, &sid)
	}))
	return sid
}
