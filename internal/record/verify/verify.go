package verify

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/transparency-dev/formats/witness"
	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/record/leaf"
)

// PolicyPath is where a node names its key and its witnesses.
const PolicyPath = ".well-known/convoke-policy"

// Options say what to verify.
type Options struct {
	// Box is the one box to count; all when it is "".
	Box string
	// Key is the verifier key of the node's log, as in "NAME/log+ID+BASE64"; "" takes
	// the one that the source names.
	Key string
	// Since is an earlier checkpoint of the node's log, with its signature: the log as
	// it is now is to begin with that. nil asks for nothing.
	Since []byte
	// Now is the time with which cosignatures are compared; the zero time does not.
	Now time.Time
	// Quick verifies the credentials of a random sample; everything else as always.
	Quick bool
	// Sample is the size of that sample; 0 is 10,000: one forged credential in a
	// thousand is found with a chance above 99.99 percent.
	Sample int
	// Progress is told how far a log has been read.
	Progress func(log string, done, total int64)
	// Workers verify signatures; 0 is one a processor.
	Workers int

	parts partSizes // of a test; usualParts when zero
}

type verifier struct {
	opt     Options
	src     Source
	key     ed25519.PublicKey
	policy  *witness.Group
	report  *Report
	node    nodeLog
	rolls   map[leaf.ID]*roll
	workers int
}

// nodeLog is what the node's log says, by box and by the hash of a log's origin.
type nodeLog struct {
	name       string
	opens      []opened
	slots      map[slot]bool
	known      map[leaf.ID]bool
	anchors    map[[32]byte]*anchors
	closes     map[leaf.ID]leaf.Close
	results    map[leaf.ID][32]byte
	milestones map[leaf.ID][]leaf.Milestone
	ladders    map[string]*ladder // by name
	claims     map[leaf.ID][]claim
	sealed     sealedPolls
	alerts     map[string]leaf.AlertLine // the last one, by chain
	alertIDs   map[string]bool
}

// anchors are the sizes and roots that the node's log tells of a log.
type anchors struct {
	at       map[int64]tlog.Hash
	most     int64 // the largest size of them, and of those that are cosigned
	cosigned int64
}

// slot of a roll.
type slot struct {
	roll string
	n    uint8
}

type opened struct {
	id       leaf.ID
	at       int64
	manifest leaf.Box
}

// Verify counts a record again. It returns an error when that could not be done;
// what was found wrong is in the report.
func Verify(ctx context.Context, src Source, o Options) (*Report, error) {
	v := &verifier{opt: o, src: src, report: &Report{Cosigned: -1, Boxes: []Box{}, Wrong: []Wrong{}, Unproven: []string{}}, rolls: map[leaf.ID]*roll{}}
	if v.workers = o.Workers; v.workers == 0 {
		v.workers = runtime.GOMAXPROCS(0)
	}
	if v.opt.Sample == 0 {
		v.opt.Sample = 10_000
	}
	if err := v.readPolicy(ctx); err != nil {
		return nil, err
	}
	if err := v.collect(v.readNode(ctx)); err != nil {
		return nil, err
	}
	if !v.report.Right() {
		return v.report, nil
	}
	chosen, err := v.choose(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range chosen {
		if err := v.collect(v.box(ctx, x)); err != nil {
			return nil, err
		}
	}
	v.limits()
	return v.report, nil
}

// chosen is a box to count, with its checkpoint.
type chosen struct {
	opened
	signed
}

// choose reads the checkpoints of the boxes to count: after the node's log, so that
// each has what that log tells of it, and before any roll, so that the rolls have each
// credential that was used in them. People go on taking part meanwhile.
func (v *verifier) choose(ctx context.Context) ([]chosen, error) {
	var out []chosen
	found := false
	for _, x := range v.node.opens {
		if v.opt.Box != "" && x.id.String() != v.opt.Box {
			continue
		}
		found = true
		s, err := v.checkpoint(ctx, "b/"+x.id.String())
		if err == nil {
			out = append(out, chosen{x, s})
		} else if err := v.collect(err); err != nil {
			return nil, err
		}
	}
	if v.opt.Box != "" && !found {
		return nil, fmt.Errorf("the node's log opens no box %s", v.opt.Box)
	}
	return out, nil
}

// collect keeps what is wrong and passes on what could not be checked.
func (v *verifier) collect(err error) error {
	var w Wrong
	if errors.As(err, &w) {
		v.report.Wrong = append(v.report.Wrong, w)
		return nil
	}
	return err
}

// limits says what no verifier can prove of this record.
func (v *verifier) limits() {
	add := func(format string, args ...any) {
		v.report.Unproven = append(v.report.Unproven, fmt.Sprintf(format, args...))
	}
	if v.report.Cosigned < 0 {
		add("no witnesses: the node could show others another record")
	}
	if text, ok := v.old(); ok {
		add("%s", text)
	}
	for _, b := range v.report.Boxes {
		if b.Withheld {
			add("box %s: it is open, and its ballots are published when it closes: nothing of it was counted", b.ID)
			continue
		}
		if b.Witnessed < b.Leaves {
			add("box %s: %d of %d leaves are not witnessed", b.ID, b.Leaves-b.Witnessed, b.Leaves)
		}
		if keys := b.Counted + b.Withdrawn; b.Issued > keys {
			add("box %s: %d credentials were given out and %d keys took part; whoever gives them out could have used up to %d of the others", b.ID, b.Issued, keys, b.Issued-keys)
		}
		if b.RollSize == 0 {
			add("box %s: the roll is open (%s): an address, a code or a browser is not a person", b.ID, b.Gate)
		}
		if b.Assisted > 0 {
			add("box %s: %d of the roll took part by the server's own hand, which saw their choice", b.ID, b.Assisted)
		}
		if b.Shut {
			add("box %s: too few of its trustees have opened the ballots, so nobody knows the result", b.ID)
		}
		if b.Declared > 0 {
			add("box %s: %d signatures on paper were counted by hand", b.ID, b.Declared)
		}
		if v.opt.Quick && b.Checked < b.Leaves {
			add("box %s: %d credentials were checked, a sample", b.ID, b.Checked)
		}
	}
}

func (v *verifier) progress(log string, done, total int64) {
	if v.opt.Progress != nil {
		v.opt.Progress(log, done, total)
	}
}

// readPolicy finds the node's key and its witnesses.
func (v *verifier) readPolicy(ctx context.Context) error {
	text, err := v.src.Get(ctx, PolicyPath)
	if err != nil && !(errors.Is(err, ErrAbsent) && v.opt.Key != "") {
		return fmt.Errorf("read the policy of the node: %w", err)
	}
	key := v.opt.Key
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == "log" && key == "" {
			key = f[1]
		}
		if strings.HasPrefix(line, "witness ") && v.policy == nil {
			g, err := witness.ParsePolicy(text)
			if err != nil {
				return fmt.Errorf("read the policy of the node: %w", err)
			}
			v.policy = &g
		}
	}
	parts := strings.SplitN(key, "+", 3)
	if len(parts) != 3 {
		return errors.New("the policy of the node names no key of its log")
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != 1 {
		return errors.New("the key of the node’s log is not an Ed25519 key")
	}
	v.key, v.report.Key, v.report.Node = ed25519.PublicKey(raw[1:]), key, leaf.NodeOf(parts[0])
	if v.report.Node == "" {
		return fmt.Errorf("%q is not the origin of a node’s log", parts[0])
	}
	return nil
}

// readNode reads the node's log.
func (v *verifier) readNode(ctx context.Context) error {
	const path = "log"
	s, err := v.checkpoint(ctx, path)
	if err != nil {
		return err
	}
	v.report.Size = s.size
	if v.policy != nil {
		v.report.Cosigned = 0
		if v.policy.Satisfied(s.text) {
			v.report.Cosigned, v.report.CosignedAt = s.size, v.cosignedAt(s.text)
		}
	}
	v.node = nodeLog{
		name: v.report.Node, slots: map[slot]bool{}, known: map[leaf.ID]bool{}, anchors: map[[32]byte]*anchors{}, closes: map[leaf.ID]leaf.Close{}, results: map[leaf.ID][32]byte{}, milestones: map[leaf.ID][]leaf.Milestone{},
		sealed: newSealedPolls(),
	}
	old, err := v.earlier(path)
	if err != nil {
		return err
	}
	then := &tree{}
	err = v.walk(ctx, path, s, nil, func(b bundle) error {
		for i, l := range b.leaves {
			if old != nil && then.size < old.size {
				then.push(tlog.RecordHash(l))
			}
			if err := v.node.take(b.first+int64(i), l, v.report.Cosigned); err != nil {
				return Wrong{path, b.first + int64(i), err.Error()}
			}
		}
		return nil
	})
	if err != nil || old == nil {
		return err
	}
	return v.extends(path, old, s.size, then.root())
}

// take reads one line of the node's log.
func (n *nodeLog) take(at int64, b []byte, cosigned int64) error {
	kind, err := leaf.KindOf(b)
	if err != nil {
		return err
	}
	switch kind {
	case leaf.KindOpen:
		l, err := leaf.DecodeOpen(b)
		if err != nil {
			return err
		}
		m, err := leaf.ParseBox(l.Manifest)
		if err != nil {
			return err
		}
		return n.open(opened{leaf.IDOf(b), at, m})
	case leaf.KindAnchor:
		l, err := leaf.DecodeAnchor(b)
		if err != nil {
			return err
		}
		return n.anchor(l, at < cosigned)
	case leaf.KindClose:
		l, err := leaf.DecodeClose(b)
		if _, twice := n.closes[l.Box]; twice && err == nil {
			err = errors.New("it closes a box again")
		}
		n.closes[l.Box] = l
		return n.of(l.Box, err)
	case leaf.KindMilestone:
		l, err := leaf.DecodeMilestone(b)
		n.milestones[l.Box] = append(n.milestones[l.Box], l)
		return n.of(l.Box, err)
	case leaf.KindNote:
		l, err := leaf.DecodeNote(b)
		return n.of(l.Box, err)
	case leaf.KindResult:
		l, err := leaf.DecodeResult(b)
		if err != nil {
			return err
		}
		return n.result(l)
	case leaf.KindRelease:
		l, err := leaf.DecodeRelease(b)
		if err != nil {
			return err
		}
		_, closed := n.closes[l.Box]
		return n.sealed.release(l, at, closed)
	}
	switch kind {
	case leaf.KindLadder:
		return n.ladder(b)
	case leaf.KindStep:
		return n.step(at, b)
	case leaf.KindAlert:
		return n.alert(b)
	}
	return fmt.Errorf("a node's log has no leaves of kind %#02x", byte(kind))
}

func (n *nodeLog) open(x opened) error {
	if x.manifest.Node != n.name {
		return errors.New("it opens a box of another node")
	}
	s := slot{x.manifest.Roll, x.manifest.Slot}
	if n.slots[s] {
		return errors.New("it opens a second box on a slot, whose credentials would count twice")
	}
	if err := n.sealed.open(x); err != nil {
		return err
	}
	n.slots[s], n.known[x.id] = true, true
	n.opens = append(n.opens, x)
	return nil
}

// result takes what came out of a poll: told once, when it has closed.
func (n *nodeLog) result(l leaf.Result) error {
	if _, closed := n.closes[l.Box]; !closed {
		return errors.New("it tells the result of a box that had not closed")
	}
	if _, twice := n.results[l.Box]; twice {
		return errors.New("it tells a second result of a box")
	}
	n.results[l.Box] = l.File
	return n.of(l.Box, nil)
}

// of refuses lines about boxes that were not opened.
func (n *nodeLog) of(box leaf.ID, err error) error {
	if err == nil && !n.known[box] {
		err = errors.New("it tells of a box that was not opened")
	}
	return err
}

func (n *nodeLog) anchor(l leaf.Anchor, cosigned bool) error {
	size := int64(l.Size)
	a := n.anchors[l.Log]
	if a == nil {
		a = &anchors{at: map[int64]tlog.Hash{}}
		n.anchors[l.Log] = a
	}
	if root, ok := a.at[size]; size < a.most || ok && root != tlog.Hash(l.Root) {
		return errors.New("it says that a log shrank or changed")
	}
	a.at[size], a.most = l.Root, size
	if cosigned {
		a.cosigned = size
	}
	return nil
}

// anchorsOf are the sizes and roots that the node's log tells of a log.
func (v *verifier) anchorsOf(path string) anchors {
	if a := v.node.anchors[sha256.Sum256([]byte(v.report.Node+"/"+path))]; a != nil {
		return *a
	}
	return anchors{}
}
