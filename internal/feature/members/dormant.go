package members

import (
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/id"
)

// How a quiet group is handed over. A group is quiet when no organizer did anything
// for its months. For answerDays only its stewards can speak. Then an organizer, and
// after membersWait more days whoever has belonged to it for memberFor days, may ask to
// take it on. All members see that for shownDays, and any steward ends it by being
// back; else whoever asked becomes a steward.
const (
	usualMonths = 6
	answerDays  = 60
	membersWait = 30
	memberFor   = 90
	shownDays   = 14
	stampDays   = 7 // how old the noted day may be
)

// monthChoices are after how many months a group can be quiet.
func monthChoices() []int { return []int{3, 6, 12, 24} }

// Phase is how a group is looked after.
type Phase string

// The phases.
const (
	Active Phase = "active"
	Quiet  Phase = "quiet"
	Asked  Phase = "asked" // somebody asks to take it on
)

// Dormancy is where a group stands. Days are yyyymmdd.
type Dormancy struct {
	Months  int
	Phase   Phase
	Active  int       // a day on which an organizer did something, 0 when none is known
	Since   int       // when it fell quiet, 0 while active
	AskedOn int       // when By asked, 0 while nobody does
	By      id.Person // who asks
}

// step is what happens by itself.
type step string

const (
	nothing  step = ""
	fellOff  step = "quiet"
	handed   step = "handed over"
	cameBack step = "back"
	gone     step = "gone" // who asked is no member any more
)

// due is the day of the next step, 1 for at once and 0 for none.
func (d Dormancy) due() int {
	switch d.Phase {
	case Active:
		if d.Active == 0 {
			return 1
		}
		return day.Of(day.Time(d.Active).AddDate(0, d.Months, 0))
	case Asked:
		return day.After(d.AskedOn, shownDays)
	case Quiet:
	}
	return 0
}

// acted is the group after somebody with a role did something in it. Whoever organizes
// ends the quiet; once somebody asks, only a steward does.
func (d Dormancy) acted(r authz.Role, today int) (Dormancy, step) {
	switch {
	case d.Phase == Active && r.AtLeast(authz.Organizer):
		if d.Active >= day.After(today, -stampDays) {
			return d, nothing
		}
		d.Active = today
		return d, nothing
	case d.Phase == Quiet && r.AtLeast(authz.Organizer), d.Phase == Asked && r.AtLeast(authz.Steward):
		return Dormancy{Months: d.Months, Phase: Active, Active: today}, cameBack
	}
	return d, nothing
}

// opens is the day from which somebody may ask to take the group on; ok is false when
// they never may as things are. Stewards need not ask.
func (d Dormancy) opens(r authz.Role, since int) (from int, ok bool) {
	if d.Phase != Quiet {
		return 0, false
	}
	switch r {
	case authz.Organizer:
		return day.After(d.Since, answerDays), true
	case authz.Member:
		return max(day.After(d.Since, answerDays+membersWait), day.After(since, memberFor)), true
	case authz.None, authz.Steward:
	}
	return 0, false
}

// asks is the group when somebody asks.
func (d Dormancy) asks(p id.Person, today int) Dormancy {
	d.Phase, d.AskedOn, d.By = Asked, today, p
	return d
}

// withdrawn is the group when whoever asked does so no more: it is as quiet as before,
// and others may ask from the days on which they could have.
func (d Dormancy) withdrawn() Dormancy {
	if d.Phase == Asked {
		d.Phase, d.AskedOn, d.By = Quiet, 0, ""
	}
	return d
}

// tick is what happens on a day by itself. there says that whoever asks is a member.
func (d Dormancy) tick(today int, there bool) (Dormancy, step) {
	due := d.due()
	if due == 0 || due > today {
		return d, nothing
	}
	switch {
	case d.Phase == Active && d.Active == 0:
		d.Active = today
	case d.Phase == Active:
		d.Phase, d.Since = Quiet, today
		return d, fellOff
	case d.Phase == Asked && !there:
		return d.withdrawn(), gone
	case d.Phase == Asked:
		return Dormancy{Months: d.Months, Phase: Active, Active: today}, handed
	}
	return d, nothing
}

// Shown is until when everybody sees that somebody asks.
func (d Dormancy) Shown() time.Time { return day.Time(day.After(d.AskedOn, shownDays)) }

// phaseBegan is the day on which the phase did, 0 while active.
func (d Dormancy) phaseBegan() int {
	if d.Phase == Asked {
		return d.AskedOn
	}
	return d.Since
}
