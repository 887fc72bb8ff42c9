package subscriptions

import (
	"testing"
	"time"

	"convoke/internal/fact"
)

// lateFor is a service that takes nothing for a while, and then works again.
func (x *fixture) lateFor(d time.Duration, steps int) {
	x.t.Helper()
	x.channel.on = func(Parcel) error { return Later{After: d} }
	x.run()
	x.channel.on = nil
	for range steps {
		x.clock.Add(5 * time.Minute)
		x.run()
	}
}

// TestCorrectionOutlastsItself: a correction of ten minutes reaches, when their service works
// again, those whom the mistake reached, and nobody else any more.
func TestCorrectionOutlastsItself(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		x.join(Choice{Cell: at.String(), Size: "near", Contact: "ann"})
		x.sent("a", 1, fact.AlertNew, "fire", 2*time.Hour, at)
		x.run()
		same(t, "the mistake", x.channel.take(), "ann a/1")
		x.join(Choice{Cell: at.String(), Size: "near", Contact: "new"})
		x.sent("a", 2, fact.AlertCorrect, "fire", 10*time.Minute, at)
		x.lateFor(15*time.Minute, 12)
		got := x.channel.take()
		same(t, "the correction, when the service is back", got, "ann a/2")
		if len(got) == 1 && !got[0].parcel.Until.Equal(start.Add(mendFor)) {
			t.Errorf("their service may deliver it until %s only", got[0].parcel.Until)
		}
		if n := x.count("select count(*) from alert_later where due_at < $1", int64(never)); n != 0 {
			t.Errorf("%d wait for what is over", n)
		}
	})
}

// TestUpdateOfACorrection: who has not heard that they were told something wrong hears what
// holds, even if that is an update and over; who has heard so needs no more.
func TestUpdateOfACorrection(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		x.join(Choice{Cell: at.String(), Size: "near", Contact: "ann"})
		x.join(Choice{Cell: at.String(), Size: "near", Contact: "bob"})
		x.sent("a", 1, fact.AlertNew, "fire", 2*time.Hour, at)
		x.run()
		same(t, "the mistake", x.channel.take(), "ann a/1", "bob a/1")
		x.channel.on = func(p Parcel) error {
			if p.Contact == "ann" {
				return Later{After: time.Hour}
			}
			return nil
		}
		x.sent("a", 2, fact.AlertCorrect, "fire", 10*time.Minute, at)
		x.run()
		same(t, "the correction", x.channel.take(), "bob a/2")
		x.sent("a", 3, fact.AlertUpdate, "fire", 10*time.Minute, at)
		x.lateFor(15*time.Minute, 12)
		same(t, "the update, when the service is back", x.channel.take(), "ann a/3")
	})
}

// TestAllClearOutlastsItself: an all-clear of half an hour reaches those who were warned when
// their service works again.
func TestAllClearOutlastsItself(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		x.join(Choice{Cell: at.String(), Size: "near", Contact: "ann"})
		x.sent("a", 1, fact.AlertNew, "fire", 12*time.Hour, at)
		x.run()
		x.channel.take()
		x.sent("a", 2, fact.AlertClear, "fire", 30*time.Minute, at)
		x.lateFor(45*time.Minute, 24)
		same(t, "the all-clear, when the service is back", x.channel.take(), "ann a/2")
	})
}

// TestAllClearAfterTheNight: an all-clear that is over before quiet hours are is said then.
func TestAllClearAfterTheNight(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		x.join(Choice{Cell: at.String(), Size: "near", Contact: "ann", QuietFrom: "21:00", QuietTo: "07:00"})
		x.clock.Add(8 * time.Hour) // eight in the evening
		x.sent("a", 1, fact.AlertNew, "ice", 12*time.Hour, at)
		x.run()
		same(t, "the alert, until eight in the morning", x.channel.take(), "ann a/1")
		x.clock.Add(3 * time.Hour)
		x.sent("a", 2, fact.AlertClear, "ice", 2*time.Hour, at)
		x.run()
		same(t, "at night", x.channel.take())
		x.clock.Add(8 * time.Hour)
		x.run()
		same(t, "the all-clear at seven", x.channel.take(), "ann a/2")
	})
}

// TestNothingForEver: what is corrected is not said after twelve hours either, and then
// nothing waits any more.
func TestNothingForEver(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		x.join(Choice{Cell: at.String(), Size: "near", Contact: "ann"})
		x.sent("a", 1, fact.AlertNew, "fire", 2*time.Hour, at)
		x.run()
		x.channel.take()
		x.channel.on = func(Parcel) error { return Later{After: mendFor - time.Minute} }
		x.sent("a", 2, fact.AlertCorrect, "fire", 10*time.Minute, at)
		x.run()
		x.channel.on = nil
		x.clock.Add(mendFor)
		x.run()
		same(t, "after twelve hours", x.channel.take())
		if n := x.count("select count(*) from alert_run where wake_at < $1", int64(never)); n != 0 {
			t.Errorf("%d channels still have something to do", n)
		}
	})
}

// TestMaybeIsCorrectedAtNight: whom a mistake may have reached, as no answer came, hear of its
// withdrawal in their quiet hours.
func TestMaybeIsCorrectedAtNight(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		x.join(Choice{Cell: at.String(), Size: "near", Contact: "ann", QuietFrom: "21:00", QuietTo: "07:00"})
		x.clock.Add(8*time.Hour + 59*time.Minute)
		x.channel.after = func(Parcel) error { return errLine }
		x.sent("a", 1, fact.AlertNew, "ice", 12*time.Hour, at)
		x.run()
		x.channel.take()
		x.channel.after = nil
		x.clock.Add(2 * time.Hour)
		x.sent("a", 2, fact.AlertWithdraw, "ice", 12*time.Hour, at)
		x.run()
		same(t, "the withdrawal", x.channel.take(), "ann a/2")
	})
}
