package bench

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"convoke/internal/record/leaf"
	"convoke/internal/record/verify"
)

// recountMemory is what a recount may use, in MiB.
const recountMemory = 300

// bareVerified is how many credentials the reference verifies before a recount, and
// as many after it.
const bareVerified = 200_000

// recount measures "convoke verify" of a folder on all processors, to verifying as
// many credentials and nothing else.
func (b *bench) recount(ctx context.Context) error {
	if len(b.Verify) == 0 {
		return nil
	}
	dir, x, err := b.exported(ctx)
	if err != nil {
		return err
	}
	f, err := b.signatures(ctx, x, b.leaves)
	if err != nil {
		return err
	}
	n := min(b.leaves, bareVerified)
	var signed [][]byte
	err = errors.Join(batches(f, n, n, func(leaves [][]byte) error {
		signed = leaves
		return nil
	}), f.Close())
	if err != nil {
		return err
	}
	var ours, standard pair
	var memory []float64
	for turn := range b.recounts() {
		b.say("turn %d of %d", turn+1, b.recounts())
		before, err := verifyBare(ctx, x, signed)
		if err != nil {
			return err
		}
		p, peak, err := b.verifyFolder(ctx, dir)
		if err != nil {
			return err
		}
		after, err := verifyBare(ctx, x, signed)
		if err != nil {
			return err
		}
		ours.add(p, before[0].and(after[0]))
		standard.add(p, before[1].and(after[1]))
		memory = append(memory, peak)
	}
	aim := Aim{Ratio: 1 / 1.15}
	b.add(ours.line(number(float64(b.leaves))+" leaves counted again, to credentials verified", "/s", aim))
	b.add(standard.line("the same, to the standard library's RSA checks", "/s", aim))
	if m := median(memory); m > 0 {
		b.add(Line{What: "memory resident meanwhile, at most", Value: m, Unit: "MiB", Times: len(memory), Aim: Aim{Most: recountMemory}})
	}
	return nil
}

// recounts of millions are long enough to be their own median.
func (b *bench) recounts() int {
	if b.leaves > 1_000_000 {
		return 1
	}
	return b.Runs
}

// verifyFolder runs the verifier in a process of its own and looks at what it says.
func (b *bench) verifyFolder(ctx context.Context, dir string) (r result, peak float64, err error) {
	r, peak, out, err := b.runVerifier(ctx, dir, b.leaves)
	if err != nil {
		return r, 0, err
	}
	var report verify.Report
	if err := json.Unmarshal(out, &report); err != nil {
		return r, 0, fmt.Errorf("read what the verifier says: %w", err)
	}
	if len(report.Boxes) != 1 || report.Boxes[0].Counted != int64(b.leaves) || report.Boxes[0].Checked != int64(b.leaves) {
		return r, 0, fmt.Errorf("the verifier counts otherwise: %s", out)
	}
	return r, peak, nil
}

// runVerifier runs it for a folder of n leaves.
func (b *bench) runVerifier(ctx context.Context, dir string, n int) (r result, peak float64, said []byte, err error) {
	cmd := exec.CommandContext(ctx, b.Verify[0], append(b.Verify[1:len(b.Verify):len(b.Verify)], dir)...) //nolint:gosec // this program itself
	cmd.Env = bareEnviron()
	var out bytes.Buffer
	cmd.Stdout = &out
	watch := startWatch()
	if err := cmd.Start(); err != nil {
		return r, 0, nil, fmt.Errorf("start the verifier: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	if peak, err = peakUntil(cmd.Process.Pid, done); err != nil {
		return r, 0, nil, fmt.Errorf("the verifier ended: %w", err)
	}
	r = watch.stop(n)
	r.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return r, peak, out.Bytes(), nil
}

// peakUntil looks at the memory of a process until it is done: nobody tells afterwards
// what was its own.
func peakUntil(pid int, done <-chan error) (peak float64, err error) {
	t := time.NewTicker(10 * time.Millisecond)
	defer t.Stop()
	for {
		_, high := resident(pid)
		peak = max(peak, high)
		select {
		case err := <-done:
			return peak, err
		case <-t.C:
		}
	}
}

// verifyBare verifies credentials on all processors, by package blind and by the
// standard library, some of these and some of those in turns.
func verifyBare(ctx context.Context, x *ballot, signed [][]byte) (both [2]result, err error) {
	public := rsa.PublicKey{N: x.key.n, E: weakExp}
	standard := func(message, sig []byte) error {
		digest := sha512.Sum384(message)
		return rsa.VerifyPSS(&public, crypto.SHA384, digest[:], sig, &rsa.PSSOptions{SaltLength: sha512.Size384})
	}
	for at := range turnSlices {
		slice := signed[len(signed)*at/turnSlices : len(signed)*(at+1)/turnSlices]
		for i, verify := range []func(message, sig []byte) error{x.public.Verify, standard} {
			r, err := verifySlice(ctx, slice, func(l []byte) error { return verify(x.input(leaf.Key(l[2:34])), l[34:]) })
			if err != nil {
				return both, err
			}
			both[i] = both[i].and(r)
		}
	}
	return both, nil
}

func verifySlice(ctx context.Context, leaves [][]byte, verify func(l []byte) error) (result, error) {
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	watch := startWatch()
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for i := next.Add(1) - 1; i < int64(len(leaves)); i = next.Add(1) - 1 {
				if err := errors.Join(ctx.Err(), verify(leaves[i])); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait()
	return watch.stop(len(leaves)), err
}

// exported writes the files of the large box's record; what is there stays.
func (b *bench) exported(ctx context.Context) (dir string, x *ballot, err error) {
	node, _, err := b.largeBox(ctx)
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	if x, err = newBallot(node.Record.Node); err != nil {
		return "", nil, err
	}
	dir = filepath.Join(b.recordDir(), "files")
	b.say("the record is written as files")
	_, err = node.ExportRecord(ctx, dir, nil)
	return dir, x, err
}
