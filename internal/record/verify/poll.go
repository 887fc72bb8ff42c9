package verify

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
)

// vote reads what a seat of a poll by name says.
func (c *count) vote(raw []byte) (e entry, wrong error) {
	l, err := leaf.DecodeVote(raw)
	if err != nil {
		return e, err
	}
	if c.x.manifest.Takes != leaf.TakesVote {
		return e, errors.New("this box takes no votes of seats")
	}
	if int(l.Seat) >= len(c.roll.weights) {
		return e, errors.New("it is the vote of a seat that there is not")
	}
	e = entry{key: c.parts.keyed(leaf.SeatKey(l.Seat)), kind: misspoken, shown: true, counter: l.Counter}
	p, err := c.body(l.Body, c.roll.weights[l.Seat])
	if err == nil {
		e.kind, e.Pledge = leaf.BodyKind(l.Body), p
	}
	return e, err
}

// paper is the number that stands for a paper of that weight, from 1 on: equal ones
// have the same, so that a large poll is counted in little memory.
func (c *count) paper(p []byte, weight uint32) uint32 {
	s := string(append(binary.BigEndian.AppendUint32(nil, weight), p...))
	n, ok := c.papers[s]
	if !ok {
		c.said = append(c.said, s)
		n = uint32(len(c.said))
		c.papers[s] = n
	}
	return n
}

// result counts a poll that has closed, and compares that with what the node's log
// says came out.
func (c *count) result() error {
	m := &c.x.manifest
	if m.Poll == nil {
		return nil
	}
	if m.Freeze && !c.roll.frozen[m.Slot] {
		return Wrong{c.path, -1, "nobody was to be added once it had opened, and its roll was not frozen"}
	}
	if m.Sealed != nil && c.opens == nil {
		if _, ok := c.v.node.results[c.x.id]; ok {
			return Wrong{c.path, -1, "the node’s log tells a result, and its trustees have not opened it"}
		}
		c.box.Rules, c.box.Shut = m.Poll, true
		return nil
	}
	t := tally.New(*m.Poll)
	for n, times := range c.curve[0] {
		if times > 0 {
			s := c.said[n-1]
			if m.Sealed != nil && len(s) == 4 {
				c.box.Spoiled += times
				continue
			}
			if err := t.AddEqual([]byte(s[4:]), times, times*int64(binary.BigEndian.Uint32([]byte(s)))); err != nil {
				return err
			}
		}
	}
	eligible := c.roll.eligible
	if m.Takes != leaf.TakesVote {
		eligible = int64(c.roll.manifest.Size)
	}
	r := t.Result(eligible)
	c.box.Rules, c.box.Result = m.Poll, &r
	text, err := r.JSON()
	if err != nil {
		return err
	}
	if told, ok := c.v.node.results[c.x.id]; ok && told != sha256.Sum256(text) {
		return Wrong{c.path, -1, "the node’s log says that something else came out"}
	}
	return nil
}
