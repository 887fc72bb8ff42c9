package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
)

// sealedPolls are what the node's log says of polls that trustees open.
type sealedPolls struct {
	polls    map[leaf.ID]*sealed.Manifest
	used     map[string]bool // transcripts
	released map[leaf.ID][]released
}

// released is a share and the line that it stands in.
type released struct {
	sealed.Share
	at int64
}

func newSealedPolls() sealedPolls {
	return sealedPolls{map[leaf.ID]*sealed.Manifest{}, map[string]bool{}, map[leaf.ID][]released{}}
}

// open refuses a second poll on the key of another one: its ballots would be open when
// the first has ended.
func (s *sealedPolls) open(x opened) error {
	m := x.manifest.Sealed
	if m == nil {
		return nil
	}
	if s.used[m.Transcript] {
		return errors.New("it opens a second box with the key of the same trustees")
	}
	s.used[m.Transcript], s.polls[x.id] = true, m
	return nil
}

// release takes a share.
func (s *sealedPolls) release(l leaf.Release, at int64, closed bool) error {
	m := s.polls[l.Box]
	switch {
	case m == nil:
		return errors.New("it releases a share of a box that is not sealed")
	case !closed:
		return errors.New("it releases a share of a box that is not closed")
	case l.Trustee < 1 || l.Trustee > m.Trustees:
		return fmt.Errorf("it releases the share of a trustee %d", l.Trustee)
	case slices.ContainsFunc(s.released[l.Box], func(r released) bool { return r.Seat == l.Trustee }):
		return fmt.Errorf("it releases the share of trustee %d again", l.Trustee)
	}
	s.released[l.Box] = append(s.released[l.Box], released{sealed.Share{Seat: l.Trustee, Secret: l.Share}, at})
	return nil
}

// trustees checks the transcript of a sealed poll and the shares that were released.
// The key is nil as long as there are too few of them, or the poll is not sealed.
func (v *verifier) trustees(ctx context.Context, x opened) (*sealed.Key, error) {
	m := x.manifest.Sealed
	if m == nil {
		return nil, nil //nolint:nilnil // there is nothing to open
	}
	path := "b/" + x.id.String()
	b, err := v.src.Get(ctx, path+"/"+sealed.TranscriptFile)
	if errors.Is(err, ErrAbsent) {
		return nil, Wrong{path, -1, sealed.TranscriptFile + " is missing"}
	}
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", sealed.TranscriptFile, path, err)
	}
	t, err := sealed.Parse(b)
	if err != nil {
		return nil, Wrong{path, -1, sealed.TranscriptFile + ": " + err.Error()}
	}
	if err := m.Fits(t, v.node.name); err != nil {
		return nil, Wrong{path, -1, sealed.TranscriptFile + ": " + err.Error()}
	}
	keys, err := t.Keys()
	if err != nil {
		return nil, err
	}
	var all []sealed.Share
	for _, r := range v.node.sealed.released[x.id] {
		if err := keys.Check(r.Share); err != nil {
			return nil, Wrong{"log", r.at, err.Error()}
		}
		all = append(all, r.Share)
	}
	k, err := sealed.Rebuild(t, all)
	if errors.Is(err, sealed.ErrFew) {
		err = nil
	}
	return k, err
}

// statement reads the body of what a key says. A sealed ballot is opened, when it can be;
// one that is spoiled, or not open yet, has the paper "".
func (c *count) statement(l *leaf.Say) (leaf.Pledge, error) {
	m := &c.x.manifest
	if m.Sealed == nil || leaf.BodyKind(l.Body) != leaf.SaySealed {
		return c.body(l.Body, 1)
	}
	if err := m.Sealed.CheckBody(l.Body); err != nil {
		return leaf.Pledge{}, err
	}
	var paper []byte
	if c.opens != nil {
		b, err := c.opens.Open(leaf.BoxOrigin(m.Node, c.x.id), l.Key, l.Counter, l.Body)
		if err == nil && len(b) > 0 && m.Poll.CheckPaper(b) == nil {
			paper = b
		}
	}
	return leaf.Pledge{Threshold: c.paper(paper, 1)}, nil
}

// End is how a box stands in the node's log.
type End struct {
	Manifest leaf.Box
	Closed   bool
	// Witnesses says that the node has some, and Cosigned that enough of them have
	// signed the log as it was read.
	Witnesses, Cosigned bool
}

// Ended reads the node's log alone and tells how the box of o stands in it. A log that
// is wrong is an error.
func Ended(ctx context.Context, src Source, o Options) (*End, error) {
	v := &verifier{opt: o, src: src, report: &Report{Cosigned: -1}}
	if err := v.readPolicy(ctx); err != nil {
		return nil, err
	}
	if err := v.readNode(ctx); err != nil {
		return nil, err
	}
	for _, x := range v.node.opens {
		if x.id.String() == o.Box {
			_, closed := v.node.closes[x.id]
			return &End{x.manifest, closed, v.report.Cosigned >= 0, v.report.Cosigned > 0}, nil
		}
	}
	return nil, fmt.Errorf("the node's log opens no box %s", o.Box)
}
