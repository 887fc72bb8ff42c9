package verify_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
	"convoke/internal/record/sealed/sealedtest"
	"convoke/internal/record/tally"
	"convoke/internal/record/verify"
)

// sealedPoll is a poll that trustees open.
type sealedPoll struct {
	*stand
	info    *box.Info
	t       *sealed.Transcript
	secrets []*sealed.Secret
}

func (s *stand) sealedPoll(t *testing.T, tr *sealed.Transcript, secrets []*sealed.Secret) *sealedPoll {
	m, err := tr.Manifest(50)
	s.must(t, err)
	return &sealedPoll{s, s.open(t, box.RollInput{Gate: box.GateBrowser}, leaf.Box{Type: leaf.Poll, Takes: leaf.TakesSay, Sealed: m, Poll: &tally.Rules{Method: tally.YesNo, Options: 1}}), tr, secrets}
}

func (p *sealedPoll) release(t *testing.T, seat uint8) leaf.Release {
	s, err := p.secrets[seat-1].Share(p.t)
	p.must(t, err)
	return leaf.Release{Box: p.info.ID, Trustee: seat, Share: s.Secret}
}

// say writes lines into the node's log, as an operator might.
func (s *stand) say(t *testing.T, leaves ...leaf.Release) {
	s.must(t, s.DB.Write(ctx, func(tx *db.Tx) error {
		for _, l := range leaves {
			if _, err := s.Append(ctx, tx, record.NodeLog, l.Encode()); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (p *sealedPoll) published(t *testing.T) memory {
	m := p.files(t)
	m["b/"+p.info.ID.String()+"/"+sealed.TranscriptFile] = p.t.JSON()
	return m
}

// The shares of a sealed poll are checked against the transcript that its manifest
// names; each way to get them wrong is found.
func TestSealedPoll(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		tr, secrets, err := sealedtest.Run(s.Node, 3, 2)
		s.must(t, err)
		p := s.sealedPoll(t, tr, secrets)
		end := func(want verify.End) {
			t.Helper()
			e, err := verify.Ended(ctx, p.files(t), verify.Options{Box: p.info.ID.String()})
			s.must(t, err)
			if e.Closed != want.Closed || e.Witnesses || e.Cosigned || e.Manifest.Sealed.Transcript != tr.HashText() {
				t.Errorf("it has ended: %+v", e)
			}
		}
		end(verify.End{})
		proven(t, p.published(t), verify.Options{})
		s.must(t, s.Close(ctx, p.info.ID))
		end(verify.End{Closed: true})
		p.say(t, p.release(t, 3))
		proven(t, p.published(t), verify.Options{})
		p.say(t, p.release(t, 1))
		m := p.published(t)
		proven(t, m, verify.Options{})
		if _, err := verify.Ended(ctx, m, verify.Options{Box: "aaaaaaaaaaaaaaaaaaaaaaaaaa"}); err == nil {
			t.Error("no such box has ended")
		}

		file := "b/" + p.info.ID.String() + "/" + sealed.TranscriptFile
		wrong := func(name, what string, m memory) {
			t.Helper()
			if r := recounted(t, m, verify.Options{}); r.Right() || !strings.Contains(r.Wrong[0].Error(), what) {
				t.Errorf("%s: %v", name, r.Wrong)
			}
		}
		bare := m.copy()
		delete(bare, file)
		wrong("no transcript", "trustees.json is missing", bare)
		other, _, err := sealedtest.Run(s.Node, 3, 2)
		s.must(t, err)
		bare[file] = other.JSON()
		wrong("another transcript", "of another transcript", bare)
		bare[file] = slices.Clone(m[file])
		bare[file][100] ^= 1
		wrong("a tampered transcript", "trustees.json: ", bare)
		// What was written stays, so the wrong share is the last of this record.
		share := p.release(t, 2)
		share.Share[5] ^= 1
		p.say(t, share)
		wrong("a wrong share", "trustee 2: its share is wrong", p.published(t))
	})
}

// Ballots that trustees have opened are counted, spoiled ones apart, and what the node
// says came out is compared; before that nobody knows.
func TestSealedBallots(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		tr, secrets, err := sealedtest.Run(s.Node, 3, 2)
		s.must(t, err)
		m, err := tr.Manifest(50)
		s.must(t, err)
		refs := []string{"a", "b", "c", "d", "e"}
		p := &sealedPoll{s, s.open(t, box.RollInput{Gate: box.GateMembers, References: refs}, leaf.Box{
			Type: leaf.Poll, Takes: leaf.TakesSay, Sealed: m, Poll: &tally.Rules{Method: tally.YesNo, Options: 1},
		}), tr, secrets}
		i := p.info
		for n, ref := range refs {
			v, auth := s.voter(t, i, ref)
			seal := func(counter uint32, paper ...byte) []byte {
				body, err := m.Seal(i.Origin, v.Public(), counter, paper)
				s.must(t, err)
				return body
			}
			s.cast(t, i, v.Say(i.Origin, auth, 1, seal(1, byte(n%2))))
			switch n {
			case 0: // changes to the other
				s.cast(t, i, v.Say(i.Origin, nil, 2, seal(2, 1)))
			case 3: // a paper by no rule
				s.cast(t, i, v.Say(i.Origin, nil, 2, seal(2, 77)))
			case 4: // a copy, which does not open under another counter
				s.cast(t, i, v.Say(i.Origin, nil, 3, seal(2, 1)))
			}
			if _, err := s.Cast(ctx, i.ID, v.Say(i.Origin, nil, 9, leaf.Ballot([]byte{1}))); err == nil {
				t.Error("an open ballot is taken")
			}
			if _, err := s.Cast(ctx, i.ID, v.Say(i.Origin, nil, 9, seal(9, 1)[:80])); err == nil {
				t.Error("a short ballot is taken")
			}
		}
		s.must(t, s.Close(ctx, i.ID))
		p.say(t, p.release(t, 3))
		r := proven(t, p.published(t), verify.Options{})
		if b := r.Boxes[0]; !b.Shut || b.Result != nil || b.Counted != 5 || !strings.Contains(strings.Join(r.Unproven, " "), "trustees") {
			t.Errorf("before it is opened: %+v", b)
		}
		p.say(t, p.release(t, 1))
		b := proven(t, p.published(t), verify.Options{}).Boxes[0]
		want := tally.New(tally.Rules{Method: tally.YesNo, Options: 1})
		for _, paper := range [][]byte{{1}, {1}, {0}} {
			s.must(t, want.AddEqual(paper, 1, 1))
		}
		if d := cmp.Diff(want.Result(5), *b.Result); d != "" || b.Shut || b.Spoiled != 2 || b.Counted != 5 {
			t.Errorf("counted: %+v %s", b, d)
		}
	})
}

// Lines about shares that cannot be are wrong wherever they stand.
func TestReleases(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		tr, secrets, err := sealedtest.Run(s.Node, 2, 2)
		s.must(t, err)
		p := s.sealedPoll(t, tr, secrets)
		petition := s.open(t, box.RollInput{Gate: box.GateBrowser}, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
		right := p.release(t, 1)
		s.must(t, s.Anchor(ctx))
		var before [][]byte
		s.must(t, s.DB.Read(ctx, func(tx *db.Tx) error {
			for _, id := range []leaf.ID{p.info.ID, petition.ID} {
				var b []byte
				if err := tx.Get(ctx, "select manifest from box where id = $1", []any{id.String()}, &b); err != nil {
					return err
				}
				before = append(before, b)
			}
			return nil
		}))
		closed := leaf.Close{Box: p.info.ID, Root: [32]byte{1}}.Encode()
		no3, foreign := right, right
		no3.Trustee, foreign.Box = 3, petition.ID
		second, err := leaf.DecodeOpen(before[0])
		s.must(t, err)
		again, err := leaf.ParseBox(second.Manifest)
		s.must(t, err)
		again.Slot++
		text, err := leaf.Canonical(again)
		s.must(t, err)
		for name, c := range map[string]struct {
			what   string
			leaves [][]byte
		}{
			"open":           {"is not closed", [][]byte{right.Encode()}},
			"not sealed":     {"is not sealed", [][]byte{foreign.Encode()}},
			"no trustee":     {"a trustee 3", [][]byte{closed, no3.Encode()}},
			"twice":          {"trustee 1 again", [][]byte{closed, right.Encode(), right.Encode()}},
			"cut":            {"ends too early", [][]byte{closed, right.Encode()[:50]}},
			"the same again": {"key of the same trustees", [][]byte{leaf.Open{Manifest: text}.Encode()}},
		} {
			m := memory{}
			s.must(t, s.signs(t, record.NodeLog, append(slices.Clone(before), c.leaves...)).Export(ctx, nil, func(path string, b []byte) error {
				m[path] = b
				return nil
			}))
			r, err := verify.Verify(ctx, m, verify.Options{})
			s.must(t, err)
			if r.Right() || !strings.Contains(r.Wrong[0].Error(), c.what) {
				t.Errorf("%s: %v", name, r.Wrong)
			}
		}
	})
}
