package polls

import (
	"slices"
	"strings"
	"time"

	"convoke/internal/fact"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
)

// PollID names a poll.
type PollID string

// PollState is where a poll stands.
type PollState string

// The states of a poll. Nothing leads back: what is closed is never open again.
const (
	Open    PollState = "open"
	Closed  PollState = "closed" // and about to be counted
	Counted PollState = "counted"
	Lost    PollState = "lost" // trustees have not opened it in time
	// CalledOff is a poll that ended before voting began: nobody has decided anything.
	CalledOff PollState = "called_off"
)

// Poll is one row; Seats are those of a poll by name that is about to open.
type Poll struct {
	ID        PollID
	Form      string
	Asked     string // a mark of what that form said
	Proposal  ID
	Amendment string // "" for the proposal itself
	Group     id.Group
	By        id.Person
	Title     string
	Lang      string
	Body      string // see [Text.canonical]
	Options   []string
	Effect    fact.Effect
	Subject   string
	Campaign  id.Campaign
	// Candidates are what the options name: see [fact.PollDecided].
	Candidates []string
	Preset     string
	Rules      tally.Rules
	Decides    bool // the proposal; else it is an opinion poll or about an amendment
	Named      bool
	ByGroups   bool
	Early      bool
	// CodesFirst says that credentials are given out until it opens, and none afterwards.
	CodesFirst bool
	Gate       string
	Weights    string // how a coalition weighed votes when it opened; "" for other groups
	Eligible   int    // the weight of all who may vote
	Salt       string
	Hash       string
	Box        string
	Opens      time.Time
	Closes     time.Time
	Zone       string
	State      PollState
	Result     *tally.Result // nil until it is counted
	Counted    time.Time     // or given up, or called off
	Why        string        // it was called off
	Reminded   int           // day
	Seats      []PollSeat
	Undone     []string // as stored: what could not be carried out
}

// PollSeat is one seat of a poll by name. Mandate is the id of the one that votes there
// now. Carried is a vote that the group decided in its own poll: it is the group's, and
// stays while anybody speaks for it.
type PollSeat struct {
	N       int
	Mandate string
	Group   id.Group
	Name    string
	Salt    []byte
	Weight  uint32
	Voted   bool
	Carried bool
}

// Local is t on the clocks of the poll's place.
func (p *Poll) Local(t time.Time) time.Time {
	if loc, err := geo.LoadZone(p.Zone); err == nil {
		return t.In(loc)
	}
	return t.UTC()
}

// ended is when a poll that was closed early was counted or called off, else its time.
func (p *Poll) ended() time.Time {
	if !p.Counted.IsZero() && p.Counted.Before(p.Closes) {
		return p.Counted
	}
	return p.Closes
}

// takes reports whether votes are taken now.
func (p *Poll) takes(now time.Time) bool { return p.State == Open && now.Before(p.Closes) }

// prepares reports whether credentials are given out now, and votes are not taken yet.
func (p *Poll) prepares(now time.Time) bool {
	return p.CodesFirst && p.State == Open && now.Before(p.Opens)
}

func (p *Poll) box() (leaf.ID, error) { return leaf.ParseID(p.Box) }

// ballot is what stands on it: the options, or the question itself.
func (p *Poll) ballot() []string {
	if len(p.Options) == 0 || !several(p.Rules.Method) {
		return []string{p.Title}
	}
	return p.Options
}

// names is what its effect is done to, as everybody can read it: nobody who has a task.
func (p *Poll) names() string {
	if p.Effect == fact.EffectTask {
		return ""
	}
	return p.Subject
}

// frozen is the text that is voted on: the one that a change would make, if it is about
// one. Options that nobody can choose, as there, stand in its body.
func (p *Poll) frozen() Text {
	t := Text{Title: p.Title, Lang: p.Lang, Options: p.Options}
	t.Body = strings.TrimSuffix(strings.TrimPrefix(p.Body, t.head()), p.tail())
	return t
}

// tail is what stands behind the body of its text.
func (p *Poll) tail() string {
	var b strings.Builder
	b.WriteByte('\n')
	if p.Effect != fact.EffectNone {
		b.WriteString("\neffect: " + strings.TrimSpace(string(p.Effect)+" "+p.names()) + "\n")
	}
	if p.Weights != "" {
		b.WriteString("\nweights: " + p.Weights + "\n")
	}
	if p.Early {
		b.WriteString("\nmay be closed early\n")
	}
	return b.String()
}

// manifest is the rule of the box.
func (p *Poll) manifest() leaf.Box {
	m := leaf.Box{Type: leaf.Poll, Takes: leaf.TakesSay, Text: p.Hash, Opens: p.Opens.Unix(), Closes: p.Closes.Unix(), Poll: &p.Rules, Freeze: p.CodesFirst}
	if p.Named {
		m.Takes = leaf.TakesVote
	}
	return m
}

// seatOf is the seat in which a mandate votes: its own, or one of its group whose mandate
// is over. Those go to the mandates that have none, in the order of both. now are the
// mandates that the group has. What they weigh now says nothing: a poll keeps the weights
// with which it opened.
func seatOf(seats []PollSeat, now []Seat, mandate string) (PollSeat, bool) {
	of := func(mandate string) int {
		return slices.IndexFunc(seats, func(s PollSeat) bool { return s.Mandate == mandate })
	}
	if i := of(mandate); i >= 0 {
		return seats[i], true
	}
	free := slices.DeleteFunc(slices.Clone(seats), func(s PollSeat) bool {
		return slices.ContainsFunc(now, func(m Seat) bool { return m.ID == s.Mandate })
	})
	without := slices.DeleteFunc(slices.Clone(now), func(m Seat) bool { return of(m.ID) >= 0 })
	i := slices.IndexFunc(without, func(m Seat) bool { return m.ID == mandate })
	if i < 0 || i >= len(free) {
		return PollSeat{}, false
	}
	return free[i], true
}

// boundSeats are those of a group's seats in which its own decision is entered, as its
// mandates are now: where groups decide its only one, else those of bound mandates.
// Nobody votes for a group for which nobody speaks.
func boundSeats(seats []PollSeat, now []Seat, byGroups bool) (out []PollSeat) {
	if byGroups && len(now) > 0 {
		return seats
	}
	for _, m := range now {
		if s, ok := seatOf(seats, now, m.ID); ok && m.Mandate == bound {
			out = append(out, s)
		}
	}
	return out
}

// byGroup joins the seats of each group into one, where member groups decide and not
// their delegates.
func byGroup(all []Seat) (out []Seat) {
	at := map[id.Group]int{}
	for _, s := range all {
		i, ok := at[s.Group]
		if !ok {
			at[s.Group] = len(out)
			out = append(out, s)
			continue
		}
		out[i].Weight += s.Weight
	}
	return out
}

// carried turns what came out of a group's own poll into its paper in the coalition's,
// which has the same options; a block still lacks its reason. ok is false when the group
// has not decided anything. Whoever blocks does not complete a quorum, but takes part: a
// group of which enough took part has blocked.
func carried(r *tally.Result, into *tally.Rules) (paper []byte, ok bool) {
	against := r.Method == tally.YesNo && len(r.Sums) > tally.No && r.Sums[tally.No] > 0
	blocked := slices.Contains(r.Reasons, tally.ReasonBlocked) && r.Weight >= r.Quorum.Needed
	switch {
	case r.Papers == 0 || r.Method == tally.Check || slices.Contains(r.Reasons, tally.ReasonQuorum) && !blocked:
		return nil, false
	case slices.Contains(r.Reasons, tally.ReasonNobody) && !against && !blocked: // all abstained
		return nil, false
	}
	switch into.Method {
	case tally.YesNo:
		if r.Adopted {
			return []byte{tally.Yes}, true
		}
		return []byte{tally.No}, true
	case tally.Schulze, tally.STV:
		if len(r.Order) != into.Options {
			return nil, false
		}
		paper = make([]byte, into.Options)
		for rank, o := range r.Order {
			paper[o] = byte(rank + 1)
		}
		return paper, true
	case tally.Approval, tally.Score:
		if !r.Adopted {
			return nil, false
		}
		if into.Method == tally.Score {
			paper = make([]byte, into.Options)
			for _, o := range r.Winners {
				paper[o] = byte(into.Max)
			}
			return paper, true
		}
		paper = make([]byte, (into.Options+7)/8)
		for _, o := range r.Winners {
			paper[o/8] |= 1 << (o % 8)
		}
		return paper, true
	case tally.Consent:
		switch {
		case r.Adopted:
			return []byte{tally.Agree}, true
		case blocked:
			return []byte{tally.Block}, true
		}
		return []byte{tally.Aside}, true
	}
	return nil, false
}
