package subscriptions

import (
	"slices"
	"strings"
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

// TestAskedToRenew: however often somebody asks with a known contact before its year is over,
// its owner is asked whether they go on, when there are thirty days left, and once if nobody
// asks then.
func TestAskedToRenew(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		in := Choice{Cell: cell(t, "Leipzig").String(), Size: "near", Contact: "ann", Channel: "test"}
		x.join(in)
		end := yearFrom(x.clock.Now())
		day := 24 * time.Hour
		var asked []int
		for x.clock.Set(end.Add(-45 * day)); x.clock.Now().Before(end); x.clock.Add(time.Hour) {
			left := end.Sub(x.clock.Now())
			if left == 40*day || left == 31*day || left == 30*day+time.Hour || left == 11*day {
				_, err := x.Subscribe(x.ctx, in)
				must(t, err)
			}
			must(t, x.Expire(x.ctx))
			x.run()
			for _, p := range x.channel.take() {
				if strings.HasPrefix(p.parcel.Title, "Do you still want alerts") {
					asked = append(asked, int(left/day))
				}
			}
		}
		if !slices.Equal(asked, []int{30, 11}) {
			t.Errorf("asked when so many days were left: %v", asked)
		}
	})
}

// TestRenewalIsTheAnswer: asking in the last thirty days is answered by the question.
func TestRenewalIsTheAnswer(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		in := Choice{Cell: cell(t, "Leipzig").String(), Size: "near", Contact: "ann", Channel: "test"}
		secret := x.join(in)
		x.clock.Set(yearFrom(x.clock.Now()).Add(-renewFrom + 30*time.Second))
		_, err := x.Subscribe(x.ctx, in)
		must(t, err)
		for range 3 {
			must(t, x.Expire(x.ctx))
			x.run()
		}
		got := x.channel.take()
		if len(got) != 1 || !strings.HasPrefix(got[0].parcel.Title, "Do you still want alerts") {
			t.Fatalf("asked: %v", got)
		}
		must(t, x.Confirm(x.ctx, secret))
		sub, err := x.Find(x.ctx, secret)
		must(t, err)
		if !sub.Ends.Equal(yearFrom(x.clock.Now())) {
			t.Errorf("it ends at %s", sub.Ends)
		}
	})
}
