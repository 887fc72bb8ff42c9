package bench

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"convoke/internal/app"
	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/blind"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
	"convoke/internal/record/verify"
)

// pollOptions are on each ballot, and pollSeats can be won.
const (
	pollOptions = 12
	pollSeats   = 5
)

// poll measures "convoke verify" of a poll of ranked ballots, no two of a kind as a
// rule, to reading and verifying as many and nothing else.
func (b *bench) poll(ctx context.Context) error {
	if len(b.Verify) == 0 {
		return nil
	}
	for _, method := range []string{tally.Schulze, tally.STV} {
		if err := b.pollBy(ctx, method); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
	}
	return nil
}

func (b *bench) pollBy(ctx context.Context, method string) error {
	dir := filepath.Join(b.dir, "poll-"+method)
	files, sample, err := b.pollFiles(ctx, dir, method)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var turns pair
	var memory []float64
	for turn := range b.recounts() {
		b.say("%s, turn %d of %d", method, turn+1, b.recounts())
		bare, err := sample.verify(ctx)
		if err != nil {
			return err
		}
		p, peak, err := b.verifyPoll(ctx, files)
		if err != nil {
			return err
		}
		again, err := sample.verify(ctx)
		if err != nil {
			return err
		}
		turns.add(p, bare.and(again))
		memory = append(memory, peak)
	}
	b.add(turns.line(fmt.Sprintf("%s ballots of %d options counted by %s, to ballots verified", number(float64(b.ballots)), pollOptions, method), "/s", Aim{Ratio: 1.0 / 3}))
	if m := median(memory); m > 0 {
		b.add(Line{What: "memory resident meanwhile, at most", Value: m, Unit: "MiB", Times: len(memory), Aim: Aim{Most: recountMemory}})
	}
	return nil
}

// verifyPoll runs the verifier in a process of its own.
func (b *bench) verifyPoll(ctx context.Context, dir string) (r result, peak float64, err error) {
	r, peak, out, err := b.runVerifier(ctx, dir, b.ballots)
	if err != nil {
		return r, 0, err
	}
	var report verify.Report
	if err := json.Unmarshal(out, &report); err != nil {
		return r, 0, fmt.Errorf("read what the verifier says: %w", err)
	}
	if len(report.Boxes) != 1 || report.Boxes[0].Counted != int64(b.ballots) || report.Boxes[0].Result == nil || !report.Boxes[0].Result.Adopted {
		return r, 0, fmt.Errorf("the verifier counts otherwise: %s", out)
	}
	return r, peak, nil
}

// pollSample is some ballots of a poll.
type pollSample struct {
	x      *ballot
	origin string
	leaves [][]byte
}

// verify reads and verifies them on all processors.
func (s *pollSample) verify(ctx context.Context) (result, error) {
	return verifySlice(ctx, s.leaves, func(raw []byte) error {
		l, err := leaf.DecodeSay(raw)
		if err != nil {
			return err
		}
		if !l.Verify(s.origin) {
			return errors.New("a signature does not fit")
		}
		return s.x.public.Verify(s.x.input(l.Key), l.Auth)
	})
}

// pollFiles writes the record of a poll that has closed.
func (b *bench) pollFiles(ctx context.Context, dir, method string) (files string, s *pollSample, err error) {
	node, err := openNode(ctx, dir)
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	x, err := newBallot(node.Record.Node)
	if err != nil {
		return "", nil, err
	}
	rules := &tally.Rules{Method: method, Options: pollOptions, Lots: rand.New(chance(0)).Perm(pollOptions)} //nolint:gosec // no secrets here
	if method == tally.STV {
		rules.Winners = pollSeats
	}
	id, err := x.open(ctx, node, leaf.Box{Type: leaf.Poll, Takes: leaf.TakesSay, Poll: rules})
	if err != nil {
		return "", nil, err
	}
	s = &pollSample{x: x, origin: leaf.BoxOrigin(node.Record.Node, id)}
	if err := b.vote(ctx, node, id, s); err != nil {
		return "", nil, err
	}
	if err := b.issueAll(ctx, node, x, b.ballots); err != nil {
		return "", nil, err
	}
	if err := node.Boxes.Close(ctx, id); err != nil {
		return "", nil, err
	}
	files = filepath.Join(dir, "files")
	_, err = node.ExportRecord(ctx, files, nil)
	return files, s, err
}

// vote fills a poll. The first ballots are the sample.
func (b *bench) vote(ctx context.Context, node *app.Node, id leaf.ID, s *pollSample) error {
	log, sets := record.BoxLog(id), node.Boxes.Sets
	for done := 0; done < b.ballots; {
		leaves, err := s.make(ctx, done/appendBatch, min(appendBatch, b.ballots-done))
		if err != nil {
			return err
		}
		err = node.DB.WriteHot(ctx, log, func(tx *db.Tx) error {
			entries := make([]keyset.Entry, len(leaves))
			for i, l := range leaves {
				entries[i] = keyset.Entry{Key: keyset.Key(l[2:18]), Leaf: int64(done + i)}
			}
			if _, err := node.Record.Append(ctx, tx, log, leaves...); err != nil {
				return err
			}
			return sets.Add(ctx, tx, log, entries)
		})
		if err != nil {
			return fmt.Errorf("append ballots: %w", err)
		}
		if len(s.leaves) < bareVerified {
			s.leaves = append(s.leaves, leaves...)
		}
		if done += len(leaves); done%100_000 == 0 {
			b.say("%d of %d ballots cast", done, b.ballots)
		}
	}
	return sets.MergeAll(ctx)
}

// make makes the n-th batch of ballots.
func (s *pollSample) make(ctx context.Context, n, size int) ([][]byte, error) {
	out := make([][]byte, size)
	g, _ := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		g.Go(func() error {
			r := chance(uint64(n*workers+w) + 1)
			rng := rand.New(r) //nolint:gosec // no secrets here
			salt, seed := make([]byte, 48), make([]byte, ed25519.SeedSize)
			for i := w; i < size; i += workers {
				_, _ = r.Read(seed) // never fails
				_, _ = r.Read(salt)
				key := ed25519.NewKeyFromSeed(seed)
				l := leaf.Say{Key: leaf.Key(key.Public().(ed25519.PublicKey)), Auth: make([]byte, leaf.AuthSize), Counter: 1, Body: leaf.Ballot(ranking(rng))}
				s.x.key.sign(l.Auth, blind.EncodePSS(s.x.input(l.Key), salt, s.x.key.n.BitLen()-1))
				copy(l.Sig[:], ed25519.Sign(key, leaf.Signed(s.origin, 1, l.Body)))
				out[i] = l.Encode()
			}
			return nil
		})
	}
	return out, g.Wait()
}

// ranking ranks from three options to all, those in front more often.
func ranking(r *rand.Rand) []byte {
	order := r.Perm(pollOptions)
	for i := range order { // a preference that most share a little
		if j := r.IntN(pollOptions); j > i && order[j] < order[i] {
			order[i], order[j] = order[j], order[i]
		}
	}
	p := make([]byte, pollOptions)
	for rank := range 3 + r.IntN(pollOptions-2) {
		p[order[rank]] = byte(rank + 1)
	}
	return p
}
