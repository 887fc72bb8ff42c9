package box_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/id"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/verify"
	"convoke/internal/record/wallet"
)

// Environment of the child process of the tests in this file: where the record is,
// the boxes of signatures and of pledges, a file of leaves to cast instead of making
// some, and whether to acknowledge early.
const (
	envURL    = "CONVOKE_CRASH_URL"
	envDir    = "CONVOKE_CRASH_DIR"
	envHead   = "CONVOKE_CRASH_HEAD"
	envBoxes  = "CONVOKE_CRASH_BOXES"
	envLeaves = "CONVOKE_CRASH_LEAVES"
	envEarly  = "CONVOKE_CRASH_EARLY"
)

// crashPeople take part at once in the child.
const crashPeople = 8

// TestCrashChild is not a test but the process that the others kill or wait for. It
// says on standard output what it has acknowledged, after that is so.
func TestCrashChild(t *testing.T) {
	if os.Getenv(envURL) == "" {
		t.Skip("started by the tests of crashes")
	}
	p := place{os.Getenv(envURL), os.Getenv(envDir), os.Getenv(envHead)}
	s := p.open(t)
	var c child
	for _, x := range strings.Fields(os.Getenv(envBoxes)) {
		b, err := leaf.ParseID(x)
		if err != nil {
			t.Fatal(err)
		}
		i, err := s.Info(ctx, b)
		if err != nil {
			t.Fatal(err)
		}
		c.boxes = append(c.boxes, i)
	}
	c.stand, c.early = s, os.Getenv(envEarly) != ""
	if file := os.Getenv(envLeaves); file != "" {
		c.castAll(t, file)
		return
	}
	var people sync.WaitGroup
	for range crashPeople {
		people.Go(func() {
			for n := 0; ; n++ {
				if err := c.takePart(n); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
			}
		})
	}
	people.Wait()
}

type child struct {
	*stand
	boxes []*box.Info
	early bool
	out   sync.Mutex
	to    io.Writer // nil is standard output
}

func (c *child) say(args ...any) {
	c.out.Lock()
	defer c.out.Unlock()
	to := c.to
	if to == nil {
		to = os.Stdout
	}
	fmt.Fprintln(to, args...)
}

// castAll casts the leaves of a file in an order of its own.
func (c *child) castAll(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var people sync.WaitGroup
	lines := strings.Fields(string(text))
	mathrand.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	for n := range crashPeople {
		people.Go(func() {
			for at := n; at < len(lines); at += crashPeople {
				b, err := hex.DecodeString(lines[at])
				if err == nil {
					err = c.put(c.boxes[0], b)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	people.Wait()
	if err := c.checkpoints(); err != nil {
		t.Error(err)
	}
}

// takePart is what a person does: takes a credential, signs or pledges, and often
// changes their mind.
func (c *child) takePart(n int) error {
	i := c.boxes[n%len(c.boxes)]
	g, err := c.AdmitAnybody(ctx, i.Roll, c.ids.Secret())
	if err != nil {
		return err
	}
	w, err := wallet.New(rand.Reader)
	if err != nil {
		return err
	}
	v, err := c.issue(i, g, w)
	if err != nil {
		return err
	}
	if i.Manifest.Takes == leaf.TakesSign {
		err = c.put(i, v.Signs())
	} else {
		err = c.put(i, v.Says(leaf.Pledge{Threshold: 1 + mathrand.Uint32N(9)}.Encode()))
	}
	if err != nil {
		return err
	}
	if n%3 == 0 {
		if err := c.put(i, v.Says(leaf.Withdraw())); err != nil {
			return err
		}
	}
	if n%5 == 4 {
		if err := c.Anchor(ctx); err != nil {
			return err
		}
	}
	return c.checkpoints()
}

func (c *child) put(i *box.Info, b []byte) error {
	h := tlog.RecordHash(b)
	if c.early {
		c.say("cast", i.ID, hex.EncodeToString(h[:]), -1)
	}
	r, err := c.Cast(ctx, i.ID, b)
	if err == nil && !c.early {
		c.say("cast", i.ID, hex.EncodeToString(h[:]), r.Index)
	}
	return err
}

// checkpoints says what a reader of the record is answered now.
func (c *child) checkpoints() error {
	return c.DB.Read(ctx, func(tx *db.Tx) error {
		for _, log := range c.logs() {
			text, err := record.Checkpoint(ctx, tx, log)
			if err != nil {
				return err
			}
			c.say("checkpoint", log, base64.StdEncoding.EncodeToString([]byte(text)))
		}
		return nil
	})
}

func (c *child) logs() []string {
	out := []string{record.NodeLog, record.RollLog(c.boxes[0].Roll)}
	for _, i := range c.boxes {
		out = append(out, i.Log())
	}
	return out
}

// place is where a record is, for several processes.
type place struct{ url, dir, head string }

func (p place) open(t testing.TB) *stand {
	r := recordtest.Open(t, p.url, p.dir+"/keys.db", p.dir+"/"+p.head)
	s := &stand{Stand: r, ids: id.NewSource(r.Clock, nil)}
	s.Boxes = box.New(box.Deps{DB: r.DB, Vault: r.Vault, Record: r.Record, Sets: keyset.New(r.DB, s.ids.New), Clock: r.Clock})
	t.Cleanup(s.Stop)
	return s
}

// boxes opens one that takes signatures and one that takes pledges, on one roll.
func (p place) boxes(t *testing.T, s *stand) *child {
	roll := s.roll(t, box.RollInput{Gate: box.GateBrowser, Slots: 2})
	return &child{stand: s, boxes: []*box.Info{
		s.open(t, roll, 0, leaf.Box{}),
		s.open(t, roll, 1, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Goals: []uint64{3, 10}}),
	}}
}

// start starts the child. It sends what the child says, and is closed at its end.
func (p place) start(t *testing.T, c *child, env ...string) (*exec.Cmd, <-chan string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestCrashChild$")
	cmd.Env = append(os.Environ(), append(env, envURL+"="+p.url, envDir+"="+p.dir, envHead+"="+p.head,
		envBoxes+"="+c.boxes[0].ID.String()+" "+c.boxes[1].ID.String())...)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewReader(out); ; {
			line, err := in.ReadString('\n')
			if err != nil {
				return // half a line is not said
			}
			lines <- strings.TrimSpace(line)
		}
	}()
	return cmd, lines
}

// crash kills the child after it has said that many statements are recorded.
func (p place) crash(t *testing.T, c *child, after int, env ...string) (said []string) {
	t.Helper()
	cmd, lines := p.start(t, c, env...)
	casts := 0
	for line := range lines {
		said = append(said, line)
		if strings.HasPrefix(line, "cast ") {
			casts++
		}
		if casts == after {
			casts++
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	if casts <= after {
		t.Fatalf("the child ended by itself after %d statements", casts)
	}
	return said
}

// roots are those of each size.
func roots(leaves [][]byte) []string {
	type full struct {
		size int
		hash tlog.Hash
	}
	var edge []full
	empty, _ := tlog.TreeHash(0, nil)
	out := []string{empty.String()}
	for _, b := range leaves {
		edge = append(edge, full{1, tlog.RecordHash(b)})
		for n := len(edge); n > 1 && edge[n-1].size == edge[n-2].size; n-- {
			edge = append(edge[:n-2], full{2 * edge[n-1].size, tlog.NodeHash(edge[n-2].hash, edge[n-1].hash)})
		}
		r := edge[len(edge)-1].hash
		for i := len(edge) - 2; i >= 0; i-- {
			r = tlog.NodeHash(edge[i].hash, r)
		}
		out = append(out, r.String())
	}
	return out
}

// lost is how many of the statements that were acknowledged are not where they were
// said to be, or twice; it fails the test for what has no such excuse.
func (c *child) lost(t *testing.T, said []string) (lost int) {
	t.Helper()
	at := map[string]map[string]int{} // by log and hash, the index
	prefix := map[string][]string{}
	for _, log := range c.logs() {
		// Waits for what a killed process has under way on the server.
		if err := c.DB.WriteHot(ctx, log, func(*db.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		all := c.leaves(t, log)
		prefix[log], at[log] = roots(all), map[string]int{}
		for n, b := range all {
			h := tlog.RecordHash(b)
			name := hex.EncodeToString(h[:])
			if was, twice := at[log][name]; twice && strings.HasPrefix(log, "b/") {
				t.Errorf("%s: leaves %d and %d are the same", log, was, n)
			}
			at[log][name] = n
		}
	}
	for _, line := range said {
		f := strings.Fields(line)
		switch f[0] {
		case "cast":
			n, ok := at["b/"+f[1]][f[2]]
			if !ok || f[3] != "-1" && fmt.Sprint(n) != f[3] {
				lost++
			}
		case "checkpoint":
			text, err := base64.StdEncoding.DecodeString(f[2])
			if err != nil {
				t.Fatal(err)
			}
			var size int
			part := strings.Split(string(text), "\n")
			if _, err := fmt.Sscan(part[1], &size); err != nil {
				t.Fatal(err)
			}
			if size >= len(prefix[f[1]]) || prefix[f[1]][size] != part[2] {
				t.Errorf("%s: a checkpoint of %d leaves was answered that does not fit the %d of now", f[1], size, len(prefix[f[1]])-1)
			}
		}
	}
	return lost
}

// recount compares the counters of the database with a recount of the record.
func (c *child) recount(t *testing.T) {
	t.Helper()
	if why := c.Halted(); why != "" {
		t.Fatalf("the record is halted: %s", why)
	}
	if err := c.Anchor(ctx); err != nil {
		t.Fatal(err)
	}
	m := exported{}
	if err := c.Export(ctx, nil, func(path string, b []byte) error { m[path] = b; return nil }); err != nil {
		t.Fatal(err)
	}
	r, err := verify.Verify(ctx, m, verify.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Right() || len(r.Boxes) != 2 {
		t.Fatalf("counted again: %v", r.Wrong)
	}
	for n, i := range c.boxes {
		b, have := r.Boxes[n], c.numbers(t, i)
		if b.Counted != have.Counted || b.Withdrawn != have.Withdrawn || b.Issued != have.Issued {
			t.Errorf("counted again %+v, and the server says %+v", b, have)
		}
	}
	var rows int64
	var ended bool
	err = c.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, "select (select count(*) from issued where roll_id = $1), ended from roll where id = $1",
			[]any{c.boxes[0].Roll.String()}, &rows, &ended)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := r.Boxes[0].Issued + r.Boxes[1].Issued
	if ended {
		want = 0 // they are deleted with the last box
	}
	if rows != want {
		t.Errorf("%d rows of credentials, and %d leaves", rows, want)
	}
}

type exported map[string][]byte

// Get implements [verify.Source].
func (m exported) Get(_ context.Context, path string) ([]byte, error) {
	b, ok := m[path]
	if !ok {
		return nil, verify.ErrAbsent
	}
	return b, nil
}

func eachPlace(t *testing.T, f func(t *testing.T, p place)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, place{url(t), t.TempDir(), "head.json"})
		})
	}
}

// Whenever the process is killed: no acknowledged statement is lost, none is there
// twice, rows are what the leaves say, and every checkpoint that anybody was ever
// answered is one of the history of now.
func TestCrashLosesNothing(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, p place) {
		c := p.boxes(t, p.open(t))
		var said []string
		for range 4 {
			said = append(said, p.crash(t, c, 1+mathrand.IntN(120))...)
			again := &child{stand: p.open(t), boxes: c.boxes} // as after a start
			if n := again.lost(t, said); n > 0 {
				t.Fatalf("%d acknowledged statements are lost", n)
			}
			again.recount(t)
		}
		t.Logf("%d lines", len(said))
	})
}

// The check above sees a process that acknowledges before the commit.
func TestCrashCheckCanFail(t *testing.T) {
	t.Parallel()
	p := place{dbtest.SQLite(t), t.TempDir(), "head.json"}
	c := p.boxes(t, p.open(t))
	for range 20 {
		if said := p.crash(t, c, 1+mathrand.IntN(20), envEarly+"=1"); c.lost(t, said) > 0 {
			return
		}
	}
	t.Error("acknowledged before the commit and killed twenty times, and nothing was lost")
}

// Two processes on one database that are given the same statements write one
// history, with each statement once, and tell both senders the same place.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	p := place{dbtest.Postgres(t), t.TempDir(), "head.json"}
	c := p.boxes(t, p.open(t))
	var text strings.Builder
	const people = 300
	for range people {
		v := c.anybody(t, c.boxes[0])
		fmt.Fprintf(&text, "%x\n", v.Signs())
	}
	file := p.dir + "/leaves"
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	said := make([][]string, 2)
	for n := range said {
		q := p
		q.head = fmt.Sprintf("head-%d.json", n)
		cmd, lines := q.start(t, c, envLeaves+"="+file)
		both.Go(func() {
			for line := range lines {
				said[n] = append(said[n], line)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("process %d: %v", n, err)
			}
		})
	}
	both.Wait()
	for n := range said {
		if lost := c.lost(t, said[n]); lost > 0 || len(said[n]) < people {
			t.Errorf("process %d: %d lines, and %d are lost", n, len(said[n]), lost)
		}
	}
	if n := len(c.leaves(t, c.boxes[0].Log())); n != people {
		t.Errorf("%d leaves of %d people", n, people)
	}
	c.recount(t)
}
