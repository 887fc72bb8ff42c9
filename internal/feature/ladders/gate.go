package ladders

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"convoke/internal/geo"
)

// Limits of a gate.
const (
	maxDepth     = 4
	maxLeaves    = 20
	maxGate      = 8 << 10 // bytes as JSON
	maxDelegates = 50
	maxPeople    = 10_000_000
	maxName      = 200
)

// Gate is what has to happen: one condition, or several joined by all or any. Exactly
// one of its conditions is set; Zone and Unix belong to Date, and State to Step.
type Gate struct {
	All      []Gate    `json:"all,omitempty"`
	Any      []Gate    `json:"any,omitempty"`
	Date     string    `json:"date,omitempty"` // 2027-05-01T18:00, on the clocks of Zone
	Zone     string    `json:"zone,omitempty"`
	Unix     int64     `json:"unix,omitempty"` // the same in seconds since 1970, filled in
	Count    *Count    `json:"count,omitempty"`
	Silence  *Asked    `json:"silence,omitempty"`
	Refusal  *Asked    `json:"refusal,omitempty"`
	Decision *Decision `json:"decision,omitempty"`
	Turnout  *Turnout  `json:"turnout,omitempty"`
	Trigger  *Trigger  `json:"trigger,omitempty"`
	Step     string    `json:"step,omitempty"`
	State    State     `json:"state,omitempty"`
}

// Count is so many people in a petition or a pledge: all together; in one of its
// places or groups; or in so many of them.
type Count struct {
	Petition string `json:"petition,omitempty"` // the slug of one, or
	Pledge   string `json:"pledge,omitempty"`   // of the other
	People   int    `json:"people,omitempty"`
	Part     string `json:"part,omitempty"`
	Groups   int    `json:"groups,omitempty"`
	// Box and Index are of the public record, filled in when the ladder is published.
	Box   string `json:"box,omitempty"`
	Index *int   `json:"index,omitempty"`
}

// Asked is a petition, whose addressee answers or not.
type Asked struct {
	Petition string `json:"petition"`
}

// Decision is a proposal that is adopted.
type Decision struct {
	Proposal string `json:"proposal"`
}

// Turnout is so many people at one event, or at all of the campaign, as the lowest of
// the published estimates says.
type Turnout struct {
	Event    string `json:"event,omitempty"`
	Campaign bool   `json:"campaign,omitempty"`
	Low      int    `json:"low"`
}

// Trigger is something that K of the delegates say has happened. Delegates are handles
// and shown inside only; the record has their number N.
type Trigger struct {
	Name      string   `json:"name"`
	Delegates []string `json:"delegates,omitempty"`
	K         int      `json:"k"`
	N         int      `json:"n,omitempty"`
}

// ErrGate says that a text is no gate.
var ErrGate = errors.New("this is no gate")

// Parse reads a gate as JSON. What it says is for [Check] to judge; that it can be
// read, and is not too large or deep, is judged here.
func Parse(b []byte) (*Gate, error) {
	if len(b) > maxGate {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrGate, maxGate)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var g *Gate
	if err := d.Decode(&g); err != nil || g == nil {
		return nil, fmt.Errorf("%w: %w", ErrGate, errors.Join(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows", ErrGate)
	}
	if depth, leaves := g.size(); depth > maxDepth || leaves > maxLeaves {
		return nil, fmt.Errorf("%w: it is larger than %d conditions, or deeper than %d", ErrGate, maxLeaves, maxDepth)
	}
	g.clear()
	return g, nil
}

// clear removes what only publishing fills in.
func (g *Gate) clear() {
	g.Unix = 0
	if g.Count != nil {
		g.Count.Box, g.Count.Index = "", nil
	}
	if g.Trigger != nil {
		g.Trigger.N = 0
	}
	for _, of := range [][]Gate{g.All, g.Any} {
		for i := range of {
			of[i].clear()
		}
	}
}

// String is the gate as JSON, "" for none.
func (g *Gate) String() string {
	if g == nil {
		return ""
	}
	b, _ := json.Marshal(g) // of strings and numbers: cannot fail
	return string(b)
}

func (g *Gate) size() (depth, leaves int) {
	if g.All == nil && g.Any == nil {
		return 1, 1
	}
	for _, of := range [][]Gate{g.All, g.Any} {
		for i := range of {
			d, l := of[i].size()
			depth, leaves = max(depth, d), leaves+l
		}
	}
	return depth + 1, max(leaves, 1)
}

// leaves calls f with each condition. g may be nil.
func (g *Gate) leaves(f func(*Gate)) {
	switch {
	case g == nil:
		return
	case g.All == nil && g.Any == nil:
		f(g)
		return
	}
	for _, of := range [][]Gate{g.All, g.Any} {
		for i := range of {
			of[i].leaves(f)
		}
	}
}

// set is how many conditions g has itself: one, in a gate that says something.
func (g *Gate) set() (n int) {
	for _, is := range []bool{
		g.All != nil, g.Any != nil, g.Date != "", g.Count != nil, g.Silence != nil, g.Refusal != nil, g.Decision != nil, g.Turnout != nil,
		g.Trigger != nil, g.Step != "",
	} {
		if is {
			n++
		}
	}
	return n
}

// kind names the condition of a leaf.
func (g *Gate) kind() string {
	switch {
	case g.Date != "":
		return "date"
	case g.Count != nil:
		return "count"
	case g.Silence != nil:
		return "silence"
	case g.Refusal != nil:
		return "refusal"
	case g.Decision != nil:
		return "decision"
	case g.Turnout != nil:
		return "turnout"
	case g.Trigger != nil:
		return "trigger"
	case g.Step != "":
		return "step"
	}
	return ""
}

// atom names what a leaf waits for: two leaves of one atom open at the same moment.
func (g *Gate) atom() string {
	switch k := g.kind(); k {
	case "date":
		return "date " + g.Date + " " + g.Zone
	case "count":
		c := g.Count
		s := "count petition " + c.Petition
		if c.Pledge != "" {
			s = "count pledge " + c.Pledge
		}
		return fmt.Sprintf("%s %d/%d %s", s, c.People, c.Groups, c.Part)
	case "silence":
		return k + " " + g.Silence.Petition
	case "refusal":
		return k + " " + g.Refusal.Petition
	case "decision":
		return k + " " + g.Decision.Proposal
	case "turnout":
		return k + " " + g.Turnout.Event + " " + strconv.Itoa(g.Turnout.Low)
	case "trigger":
		return k + " " + g.Trigger.Name
	case "step":
		return k + " " + g.Step + " " + string(g.State)
	}
	return ""
}

// need is the number that a leaf waits for.
func (g *Gate) need() int {
	switch {
	case g.Count != nil && g.Count.Groups > 0:
		return g.Count.Groups
	case g.Count != nil:
		return g.Count.People
	case g.Turnout != nil:
		return g.Turnout.Low
	case g.Trigger != nil:
		return g.Trigger.K
	}
	return 1
}

// Moment is a time on the clocks of a place.
type Moment struct {
	Date string `json:"date"`
	Zone string `json:"zone"`
	Unix int64  `json:"unix,omitempty"` // filled in
}

// errSkipped is that of a time that no clock shows.
var errSkipped = errors.New("the clocks go forward then: this time does not exist")

// Time is when that is. A time that comes twice, because the clocks go back, is the
// first of the two; one that does not come at all is refused.
func (m Moment) Time() (time.Time, error) {
	wall, err := time.Parse("2006-01-02T15:04", m.Date)
	if err != nil || wall.Year() < 2000 || wall.Year() > 2200 {
		return time.Time{}, fmt.Errorf("%q is no date and time", m.Date)
	}
	loc, err := geo.LoadZone(m.Zone)
	if err != nil || m.Zone == "" {
		return time.Time{}, fmt.Errorf("%q is no time zone", m.Zone)
	}
	var first time.Time
	for _, around := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		_, off := wall.Add(around).In(loc).Zone()
		t := wall.Add(-time.Duration(off) * time.Second)
		if t.In(loc).Format("2006-01-02T15:04") == m.Date && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if first.IsZero() {
		return first, errSkipped
	}
	return first.UTC(), nil
}

func (g *Gate) moment() Moment { return Moment{Date: g.Date, Zone: g.Zone} }
