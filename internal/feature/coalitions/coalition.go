package coalitions

import (
	"html/template"

	"convoke/internal/i18n"
	"convoke/internal/id"
)

// Limits of what a coalition says of itself.
const (
	MaxSeats  = 20
	maxNotice = 90
)

// Weights is how much the word of a member group weighs.
type Weights string

// The ways to weigh.
const (
	ByGroup     Weights = "group"
	ByBands     Weights = "bands"
	ByDelegates Weights = "delegates"
)

// Entry is how groups come in.
type Entry string

// The ways in.
const (
	ByApplying  Entry = "apply"
	ByInviting  Entry = "invite"
	bandUnknown       = -1
)

var weightings = [...]struct {
	code              Weights
	name, short, hint string
}{
	{ByGroup, i18n.Mark("One group, one vote"), i18n.Mark("Each group weighs 1."), i18n.Mark("Each member group has the weight 1, however large it is and however many delegates it has. The delegate on its first seat that is taken casts it.")},
	{ByBands, i18n.Mark("By the size of groups"), i18n.Mark("Each group weighs 1 to 8."), i18n.Mark("Each member group has the weight of the band that it declared: 1, 2, 3, 5 or 8. The delegate on its first seat that is taken casts it whole.")},
	{ByDelegates, i18n.Mark("By delegates"), i18n.Mark("Each delegate weighs 1."), i18n.Mark("Each delegate has the weight 1. A seat that nobody sits on counts for nothing.")},
}

// name and hint are English, for translation.
func (w Weights) name() string { n, _ := w.words(); return n }

func (w Weights) words() (name, hint string) {
	for _, x := range weightings {
		if x.code == w {
			return x.name, x.hint
		}
	}
	return "", ""
}

var entries = [...]struct {
	code       Entry
	name, hint string
}{
	{ByApplying, i18n.Mark("Groups can ask to come in"), i18n.Mark("Delegates answer.")},
	{ByInviting, i18n.Mark("By invitation only"), i18n.Mark("Groups answer.")},
}

func (e Entry) name() string {
	for _, x := range entries {
		if x.code == e {
			return x.name
		}
	}
	return ""
}

// bands are how many members a group says it has, and what that weighs where bands
// count. Their order is stored.
var bands = [...]struct {
	name   string
	weight uint32
}{
	{i18n.Mark("Under 10 members"), 1},
	{i18n.Mark("10 to 49 members"), 2},
	{i18n.Mark("50 to 199 members"), 3},
	{i18n.Mark("200 to 999 members"), 5},
	{i18n.Mark("1,000 members or more"), 8},
}

func bandName(b int) string {
	if b < 0 || b >= len(bands) {
		return ""
	}
	return bands[b].name
}

// Coalition is what a group says of itself as a coalition.
type Coalition struct {
	Group    id.Group
	Form     string // key of the form that made it
	Weights  Weights
	Secret   bool // polls of delegates are secret; otherwise open by name of the group
	Entry    Entry
	Seats    int // of each member group
	Notice   int // days between the call and an assembly
	Points   int // the last version of the points of unity; 0 is none
	Sequence int
}

// Points are one version of the points of unity.
type Points struct {
	Version int
	Body    string // Markdown
	HTML    template.HTML
	Day     int // yyyymmdd
}

// MemberState is what a group is to a coalition.
type MemberState string

// The states. A group rests while it is suspended or has ended its work: then it has
// no seats.
const (
	Applied MemberState = "applied"
	Invited MemberState = "invited"
	Belongs MemberState = "member"
	Rests   MemberState = "rests"
)

// Member is a group in a coalition.
type Member struct {
	Coalition id.Group
	Group     id.Group
	Handle    string // of the group
	State     MemberState
	Version   int // of the points that it agreed to
	Band      int // index of bands
	Day       int // since
}

// within reports whether the group belongs to the coalition, also while it rests.
func (m *Member) within() bool { return m.State == Belongs || m.State == Rests }

// Seat is one that counts right now.
type Seat struct {
	ID        string // of the mandate; a renewed mandate keeps it
	Group     id.Group
	GroupName string
	Handle    string // of the group
	Person    id.Person
	Nth       int // of the group's seats, from 1
	Weight    uint32
	Mandate   string // "free", "advised" or "bound"
}

// held is a seat that somebody sits on, before it is weighed.
type held struct {
	Seat
	band int
}

// weigh gives every seat its weight. all are the seats that are taken, those of one
// group one behind the other, by number. With weights of groups or bands the first
// of them casts the group's whole weight, so it is never split and never counted
// twice; the others weigh 0.
func weigh(w Weights, all []held) []Seat {
	out := make([]Seat, len(all))
	for i, h := range all {
		out[i] = h.Seat
		first := i == 0 || all[i-1].Group != h.Group
		switch {
		case w == ByDelegates:
			out[i].Weight = 1
		case first:
			out[i].Weight = w.group(h.band)
		}
	}
	return out
}

// group is the weight of a group of a band, where groups have one.
func (w Weights) group(band int) uint32 {
	if w == ByBands {
		return bands[min(max(band, 0), len(bands)-1)].weight
	}
	return 1
}

// casting are the seats that weigh something.
func casting(all []Seat) []Seat {
	var out []Seat
	for _, s := range all {
		if s.Weight > 0 {
			out = append(out, s)
		}
	}
	return out
}
