package pledges

import (
	"encoding/json"
	"fmt"

	"convoke/internal/record/box"
)

// Told is where people pledged before the group moved to this server. The record
// stays there; the numbers are those that the other server told.
type Told struct {
	Server    string       `json:"server"` // "https://one.example"
	Box       string       `json:"box"`
	Day       string       `json:"day"` // of the numbers
	Counted   int64        `json:"counted"`
	Withdrawn int64        `json:"withdrawn"`
	Done      int64        `json:"done"`
	Issued    int64        `json:"issued"`
	Curves    [][]toldStep `json:"curves"` // of each part, or of all together
}

type toldStep struct {
	Threshold uint64 `json:"threshold"`
	People    uint64 `json:"people"`
}

// url is where the record of the box is.
func (t *Told) url() string { return t.Server + "/b/" + t.Box }

// count is what the other server told, as [Service.Count] reads it here.
func (t *Told) count(p *Pledge) Count {
	c := Count{Numbers: box.Numbers{Counted: t.Counted, Withdrawn: t.Withdrawn, Done: t.Done, Issued: t.Issued, Closed: true}}
	for n, curve := range t.Curves {
		steps := make([]box.Step, len(curve))
		for i, s := range curve {
			steps[i] = box.Step(s)
		}
		part := n
		if len(p.Parts) == 0 {
			part = box.Whole
		}
		tally := p.tally(steps, part)
		if part != box.Whole {
			tally.Label = p.Parts[n].Label
		}
		c.Tallies = append(c.Tallies, tally)
	}
	return c
}

// text is how a row keeps it; "" for a pledge of this server.
func (t *Told) text() string {
	if t == nil {
		return ""
	}
	b, err := json.Marshal(t)
	if err != nil {
		panic(err) // it has nothing that JSON lacks
	}
	return string(b)
}

func readTold(s string) (*Told, error) {
	if s == "" {
		return nil, nil
	}
	t := &Told{}
	if err := json.Unmarshal([]byte(s), t); err != nil {
		return nil, fmt.Errorf("read where people pledged: %w", err)
	}
	return t, nil
}
