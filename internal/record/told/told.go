// Package told is what another server said of a box whose petition or pledge moved
// to this one: the record stays there, and so does whoever can prove its numbers.
package told

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"convoke/internal/archive"
	"convoke/internal/day"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
)

// Record is the numbers of a box on one day, as an archive and a row keep them.
type Record struct {
	Server    string    `json:"server"` // "https://one.example"
	Box       string    `json:"box"`
	Day       string    `json:"day"` // of the numbers
	Counted   int64     `json:"counted"`
	Withdrawn int64     `json:"withdrawn"`
	Declared  int64     `json:"declared,omitempty"` // on paper
	Done      int64     `json:"done,omitempty"`
	Issued    int64     `json:"issued"`
	Reached   []Reached `json:"reached,omitempty"`
	Curves    [][]Step  `json:"curves,omitempty"` // of a pledge: of each part, or of all together
}

// Reached is a goal and when it was.
type Reached struct {
	Goal uint64    `json:"goal"`
	At   time.Time `json:"at"`
}

// Step is how many wait for how many.
type Step struct {
	Threshold uint64 `json:"threshold"`
	People    uint64 `json:"people"`
}

// Bounds of what another server may say: more than there are people, as many goals
// as a petition has, and all the steps that a page can show.
const (
	maxNumber  = 100_000_000_000
	maxReached = 8
	maxSteps   = 4000
)

// New is the numbers of a box of this server.
func New(server, id string, now time.Time, n *box.Numbers) *Record {
	r := &Record{
		Server: server, Box: id, Day: day.ISO(day.Of(now)),
		Counted: n.Counted, Withdrawn: n.Withdrawn, Declared: n.Declared, Done: n.Done, Issued: n.Issued,
	}
	for _, x := range n.Reached {
		if x.Part == box.Whole {
			r.Reached = append(r.Reached, Reached{x.Goal, x.At.UTC()})
		}
	}
	return r
}

// Of is a box of this server without its numbers.
func Of(server, id string, now time.Time) *Record {
	return &Record{Server: server, Box: id, Day: day.ISO(day.Of(now))}
}

// AddCurve adds the curve of the next of so many parts. Where it has very many steps,
// neighbours become one, with the higher threshold: nothing stands that did not.
func (r *Record) AddCurve(steps []box.Step, parts int) {
	limit := max(maxSteps/max(parts, 1), 1)
	each := (len(steps) + limit - 1) / limit
	curve := []Step{}
	for group := range slices.Chunk(steps, max(each, 1)) {
		s := Step{Threshold: group[len(group)-1].Threshold}
		for _, x := range group {
			s.People += x.People
		}
		curve = append(curve, s)
	}
	r.Curves = append(r.Curves, curve)
}

// origin is the beginning of addresses that can be shown as part of a command: no
// path, and no letter that a shell or a reader takes for something else.
var origin = regexp.MustCompile(`^https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$`)

// Server reports whether this can be the address of another server.
func Server(s string) bool { return origin.MatchString(s) && len(s) <= 300 }

// Could reports whether a server may have told this of a box with so many curves,
// and puts moments that cannot have been at now.
func (r *Record) Could(in *archive.Import, curves int) bool {
	_, err := leaf.ParseID(r.Box)
	_, err2 := url.Parse(r.Server)
	d, ok := day.Read(r.Day)
	ok = ok && err == nil && err2 == nil && Server(r.Server) &&
		d != 0 && d <= day.Of(in.Now.AddDate(0, 0, 1)) && len(r.Reached) <= maxReached && len(r.Curves) == curves
	for _, n := range []int64{r.Counted, r.Withdrawn, r.Declared, r.Done, r.Issued} {
		ok = ok && n >= 0 && n <= maxNumber
	}
	for i := range r.Reached {
		r.Reached[i].At = in.Moment(r.Reached[i].At)
	}
	return ok && r.curvesCould()
}

func (r *Record) curvesCould() bool {
	var people uint64
	steps := 0
	for _, curve := range r.Curves {
		var last uint64
		for _, s := range curve {
			if s.Threshold <= last || s.Threshold > box.MaxThreshold || s.People > maxNumber {
				return false
			}
			last, people = s.Threshold, people+s.People
		}
		steps += len(curve)
	}
	return steps <= maxSteps && people <= uint64(r.Counted)
}

// Numbers are those of a box that takes nothing more.
func (r *Record) Numbers() box.Numbers {
	n := box.Numbers{Counted: r.Counted, Withdrawn: r.Withdrawn, Declared: r.Declared, Done: r.Done, Issued: r.Issued, Closed: true}
	for _, x := range r.Reached {
		n.Reached = append(n.Reached, box.Reached{Part: box.Whole, Goal: x.Goal, At: x.At})
	}
	return n
}

// Steps are those of one curve.
func (r *Record) Steps(curve int) []box.Step {
	out := make([]box.Step, len(r.Curves[curve]))
	for i, s := range r.Curves[curve] {
		out[i] = box.Step(s)
	}
	return out
}

// URL is where the record of the box is.
func (r *Record) URL() string { return r.Server + "/b/" + r.Box }

// Host names the server.
func (r *Record) Host() string {
	_, host, _ := strings.Cut(r.Server, "://")
	return host
}

// Text is how a row keeps it; "" for what is of this server.
func (r *Record) Text() string {
	if r == nil {
		return ""
	}
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // it has nothing that JSON lacks
	}
	return string(b)
}

// Read is the reverse of [Record.Text].
func Read(s string) (*Record, error) {
	if s == "" {
		return nil, nil
	}
	r := &Record{}
	if err := json.Unmarshal([]byte(s), r); err != nil {
		return nil, fmt.Errorf("read what another server told: %w", err)
	}
	return r, nil
}
