package subscriptions

import (
	"testing"
	"time"
)

// TestAgainAtTheEnd: who subscribes anew when their year has just ended, and nothing of it is
// deleted yet, can confirm; a browser may move to such an address.
func TestAgainAtTheEnd(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		in := Choice{Cell: cell(t, "Leipzig").String(), Size: "near", Contact: "ann", Channel: "test"}
		x.join(in)
		x.browser("new")
		end := yearFrom(x.clock.Now())
		x.clock.Set(end.Add(-24 * time.Hour))
		moving := x.browser("old")
		x.clock.Set(end.Add(-time.Minute))
		_, err := x.Subscribe(x.ctx, in) // which its owner is told
		must(t, err)
		x.run()
		x.channel.take()
		x.clock.Set(end.Add(time.Minute))
		x.join(in)
		must(t, x.Move(x.ctx, moving, "new"))
		must(t, x.Expire(x.ctx))
		if n := x.count("select count(*) from alert_subscription where confirmed"); n != 2 {
			t.Errorf("%d are subscribed, want ann and the browser", n)
		}
	})
}
