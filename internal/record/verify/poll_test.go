package verify_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
	"convoke/internal/record/verify"
)

// ranked is a poll of three options by Schulze's method.
func ranked() *tally.Rules {
	return &tally.Rules{Method: tally.Schulze, Options: 3, Quorum: 2, Lots: []int{2, 0, 1}}
}

// poll opens a secret poll of five and votes: two change their minds, one takes it back.
func (s *stand) poll(t testing.TB) *box.Info {
	t.Helper()
	refs := []string{"a", "b", "c", "d", "e"}
	i := s.open(t, box.RollInput{Gate: box.GateMembers, References: refs}, leaf.Box{Type: leaf.Poll, Takes: leaf.TakesSay, Poll: ranked()})
	papers := map[string][][]byte{
		"a": {{1, 2, 3}}, "b": {{3, 2, 1}, {1, 2, 3}}, "c": {{2, 1, 0}}, "d": {{1, 1, 2}, nil},
	}
	for _, ref := range refs[:4] {
		p, auth := s.voter(t, i, ref)
		for n, paper := range papers[ref] {
			body := leaf.Withdraw()
			if paper != nil {
				body = leaf.Ballot(paper)
			}
			a := auth
			if n > 0 {
				a = nil
			}
			s.cast(t, i, p.Say(i.Origin, a, uint32(n)+1, body))
		}
	}
	return i
}

// settle closes a poll, counts it and writes down what came out.
func (s *stand) settle(t testing.TB, id leaf.ID) tally.Result {
	t.Helper()
	s.must(t, s.Close(ctx, id))
	r, err := s.Count(ctx, id)
	s.must(t, err)
	text, err := r.JSON()
	s.must(t, err)
	s.must(t, s.DB.Write(ctx, func(tx *db.Tx) error { return s.PutResult(ctx, tx, id, text) }))
	return r
}

// TestPoll: while it is open nothing of a poll can be counted; afterwards a stranger
// counts what the server counted.
func TestPoll(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.poll(t)
		m := s.files(t)
		r := proven(t, m, verify.Options{})
		if b := r.Boxes[0]; !b.Withheld || b.Leaves != 6 || b.Counted != 0 || b.Result != nil {
			t.Errorf("while it is open: %+v", b)
		}
		if !strings.Contains(strings.Join(r.Unproven, "\n"), "its ballots are published when it closes") {
			t.Errorf("not proven: %v", r.Unproven)
		}
		for path := range m {
			if strings.HasPrefix(path, i.Log()+"/tile") {
				t.Errorf("%s is there", path)
			}
		}
		want := s.settle(t, i.ID)
		b := proven(t, s.files(t), verify.Options{}).Boxes[0]
		if d := cmp.Diff(&want, b.Result); d != "" || b.Counted != 3 || b.Withdrawn != 1 || b.Withheld || b.Rules.Method != tally.Schulze {
			t.Errorf("counted again: %+v %s", b, d)
		}
		if want.Winners[0] != 0 {
			t.Errorf("winners %v", want.Winners)
		}
	})
}

// byName opens a poll by name of three seats.
func (s *stand) byName(t testing.TB) leaf.ID {
	t.Helper()
	var seats []box.NamedSeat
	for n := range 3 {
		salt, err := box.Salt()
		s.must(t, err)
		seats = append(seats, box.NamedSeat{Name: fmt.Sprintf("group %d", n), Salt: salt, Weight: uint32(n + 1)})
	}
	m := leaf.Box{
		Type: leaf.Poll, Poll: &tally.Rules{Method: tally.YesNo, Options: 1}, Text: strings.Repeat("0", 64),
		Opens: dbtest.Now.Unix(), Closes: dbtest.Now.Add(time.Hour).Unix(),
	}
	var id leaf.ID
	s.must(t, s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		id, err = s.OpenNamed(ctx, tx, m, seats)
		return err
	}))
	for _, v := range []struct {
		seat uint32
		body []byte
	}{{0, leaf.Ballot([]byte{0})}, {2, leaf.Ballot([]byte{1})}, {1, leaf.Ballot([]byte{1})}, {2, leaf.Withdraw()}, {2, leaf.Ballot([]byte{0})}} {
		s.must(t, s.DB.Write(ctx, func(tx *db.Tx) error { return s.Vote(ctx, tx, id, v.seat, v.body, nil) }))
	}
	return id
}

// TestByName counts votes of seats again, by what they weigh.
func TestByName(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		id := s.byName(t)
		proven(t, s.files(t), verify.Options{})
		want := s.settle(t, id)
		b := proven(t, s.files(t), verify.Options{}).Boxes[0]
		if d := cmp.Diff(&want, b.Result); d != "" || b.Result.Sums[0] != 4 || b.Result.Eligible != 6 || b.Counted != 3 {
			t.Errorf("counted again: %+v %s", b, d)
		}
	})
}

// TestForgedPolls changes what was voted, or what came out, with the node's own key.
func TestForgedPolls(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.poll(t)
		seats := s.byName(t)
		s.settle(t, i.ID)
		s.settle(t, seats)
		m := s.files(t)
		logs := s.allLeaves(t, i.Log(), record.BoxLog(seats), record.NodeLog)
		vote := func(seat, counter uint32, body []byte) []byte {
			return (&leaf.Vote{Seat: seat, Counter: counter, Body: body}).Encode()
		}
		named := logs[record.BoxLog(seats)]
		for name, x := range map[string]struct {
			log    string
			leaves [][]byte
			what   string
		}{
			"a paper by no rule":           {record.BoxLog(seats), replaced(named, 0, vote(0, 1, leaf.Ballot([]byte{9}))), "leaf 0"},
			"a seat that there is not":     {record.BoxLog(seats), replaced(named, 0, vote(7, 1, leaf.Ballot([]byte{0}))), "a seat that there is not"},
			"an older counter":             {record.BoxLog(seats), replaced(named, 4, vote(2, 2, leaf.Ballot([]byte{0}))), "something newer"},
			"nothing to take back":         {record.BoxLog(seats), replaced(named, 0, vote(0, 1, leaf.Withdraw())), "what does not count"},
			"a ballot of a key among them": {record.BoxLog(seats), replaced(named, 0, logs[i.Log()][0]), "takes votes of seats"},
			"a vote of a seat in a secret": {i.Log(), replaced(logs[i.Log()], 0, vote(0, 1, leaf.Ballot([]byte{0}))), "takes no votes"},
		} {
			t.Run(name, func(t *testing.T) {
				c := s.box(t, m, x.log, x.leaves)
				c = s.node(t, c, closedAs(t, logs[record.NodeLog], x.log, c))
				r, err := verify.Verify(ctx, c, verify.Options{})
				if err != nil || r.Right() || !strings.Contains(fmt.Sprint(r.Wrong), x.what) {
					t.Errorf("%v %v, want %q", err, r.Wrong, x.what)
				}
			})
		}
		node := logs[record.NodeLog]
		for name, x := range map[string]struct {
			leaves [][]byte
			what   string
		}{
			"another result":        {swapResult(node, func(l *leaf.Result) { l.File[0] ^= 1 }), "something else came out"},
			"a second result":       {append(slices.Clone(node), resultOf(node)), "a second result"},
			"a result before close": {beforeClose(node), "had not closed"},
		} {
			t.Run(name, func(t *testing.T) {
				r, err := verify.Verify(ctx, s.node(t, m, x.leaves), verify.Options{})
				if err != nil || r.Right() || !strings.Contains(fmt.Sprint(r.Wrong), x.what) {
					t.Errorf("%v %v, want %q", err, r.Wrong, x.what)
				}
			})
		}
	})
}

func replaced(leaves [][]byte, at int, with []byte) [][]byte {
	out := slices.Clone(leaves)
	out[at] = with
	return out
}

// allLeaves are those of logs, out of a record's files.
func (s *stand) allLeaves(t testing.TB, logs ...string) map[string][][]byte {
	t.Helper()
	out := map[string][][]byte{}
	for _, log := range logs {
		s.must(t, s.DB.Read(ctx, func(tx *db.Tx) error {
			n, err := record.Size(ctx, tx, log)
			if err != nil {
				return err
			}
			out[log] = nil
			return record.Leaves(ctx, tx, log, 0, n, func(_ int64, raw []byte) error {
				out[log] = append(out[log], bytes.Clone(raw))
				return nil
			})
		}))
	}
	return out
}

func swapResult(node [][]byte, change func(*leaf.Result)) [][]byte {
	out := slices.Clone(node)
	for n, l := range out {
		if r, err := leaf.DecodeResult(l); err == nil {
			change(&r)
			out[n] = r.Encode()
		}
	}
	return out
}

func resultOf(node [][]byte) []byte {
	return node[slices.IndexFunc(node, func(l []byte) bool { k, _ := leaf.KindOf(l); return k == leaf.KindResult })]
}

// beforeClose moves the results to where nothing had closed.
func beforeClose(node [][]byte) [][]byte {
	var results, rest [][]byte
	for _, l := range node {
		if k, _ := leaf.KindOf(l); k == leaf.KindResult {
			results = append(results, l)
		} else {
			rest = append(rest, l)
		}
	}
	at := slices.IndexFunc(rest, func(l []byte) bool { k, _ := leaf.KindOf(l); return k == leaf.KindClose })
	return slices.Concat(rest[:at], results, rest[at:])
}

// node is the record with other lines in the node's log.
func (s *stand) node(t testing.TB, m memory, leaves [][]byte) memory {
	t.Helper()
	return s.box(t, m, record.NodeLog, leaves)
}

// box is the record with other leaves in a log.
func (s *stand) box(t testing.TB, m memory, log string, leaves [][]byte) memory {
	t.Helper()
	c := m.copy()
	for path := range c {
		if strings.HasPrefix(path, log+"/") {
			delete(c, path)
		}
	}
	s.must(t, s.signs(t, log, leaves).Export(ctx, func(l string) bool { return l == log }, func(path string, b []byte) error {
		if strings.HasPrefix(path, log+"/") {
			c[path] = b
		}
		return nil
	}))
	return c
}

// closedAs is the node's log without anchors and results, where the box of that log
// was closed as its checkpoint is now.
func closedAs(t testing.TB, node [][]byte, log string, m memory) (out [][]byte) {
	t.Helper()
	lines := strings.Split(string(m[log+"/checkpoint"]), "\n")
	size, err := strconv.ParseUint(lines[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range node {
		switch k, _ := leaf.KindOf(raw); k {
		case leaf.KindAnchor, leaf.KindResult:
			continue
		case leaf.KindClose:
			if l, err := leaf.DecodeClose(raw); err == nil && record.BoxLog(l.Box) == log {
				l.Size, l.Root = size, [32]byte(root)
				raw = l.Encode()
			}
		}
		out = append(out, raw)
	}
	return out
}
