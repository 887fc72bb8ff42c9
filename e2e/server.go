package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"convoke/internal/db/dbtest"
)

// ServerOptions says how to start the program. The zero value is an empty node
// on SQLite in a new data folder.
type ServerOptions struct {
	Demo     bool     // with the bundled sample
	Postgres bool     // on two new PostgreSQL databases instead of SQLite; see dbtest
	Data     string   // data folder; empty is a new one, removed with the test
	Env      []string // "NAME=value", added to the environment
	Args     []string // added to the command line
}

// Instance is a running convoke.
type Instance struct {
	// URL is the address that the program said, without a slash at the end.
	URL string
	// Data is its data folder.
	Data string

	cmd  *exec.Cmd
	out  *lines // standard output
	log  *lines // standard output and standard error as they came
	done chan struct{}
	exit error // valid after done
	once sync.Once
}

// withDatabases are the options with the databases that they ask for, so that
// another program can be given the same. The databases are dropped after a
// program that is started later has ended: what is made last is cleaned up first.
func (o ServerOptions) withDatabases(t testing.TB) ServerOptions {
	t.Helper()
	if o.Postgres {
		o.Postgres = false
		o.Env = append(slices.Clone(o.Env), "CONVOKE_DATABASE_URL="+dbtest.EmptyPostgres(t), "CONVOKE_KEYS_URL="+dbtest.EmptyPostgres(t))
	}
	return o
}

// Server starts the program, waits until it says that it answers, and stops it
// at the end of the test, when it must end by itself with exit code 0.
func Server(t testing.TB, o ServerOptions) *Instance {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return start(t, bin, o)
}

// binary builds the program once a test process.
var binary = sync.OnceValues(func() (string, error) {
	if b := os.Getenv(EnvBinary); b != "" {
		return b, nil
	}
	dir, err := os.MkdirTemp("", "convoke-e2e")
	if err != nil {
		return "", err
	}
	process.atEnd(func() { os.RemoveAll(dir) })
	b := filepath.Join(dir, "convoke")
	cmd := exec.Command("go", "build", "-trimpath", "-o", b, "convoke/cmd/convoke")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build convoke: %w\n%s", err, out)
	}
	return b, nil
})

func start(t testing.TB, bin string, o ServerOptions) *Instance {
	t.Helper()
	s := &Instance{Data: o.Data, out: newLines(), log: newLines(), done: make(chan struct{})}
	if s.Data == "" {
		s.Data = t.TempDir()
	}
	addr, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"serve", "--data", s.Data, "--listen", addr}
	if o.Demo {
		args = append(args, "--demo")
	}
	s.cmd = exec.Command(bin, append(args, o.Args...)...)
	s.cmd.Env = append(environment(), o.withDatabases(t).Env...)
	if err := s.run(); err != nil {
		t.Fatalf("start %s: %v", bin, err)
	}
	t.Cleanup(func() { s.finish(t) })
	line, ok := s.out.wait(address, s.done, time.After(2*Patience))
	if !ok {
		t.Fatalf("convoke did not say its address\n%s", s.Log())
	}
	s.URL = strings.TrimRight(address.FindString(line), "/.")
	return s
}

var (
	address = regexp.MustCompile(`https?://[^\s"']+`)
	setup   = regexp.MustCompile(`https?://[^\s"']*/setup/[^\s"']+`)
)

// freeAddress is a loopback port that nobody listens on now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return net.JoinHostPort("localhost", port), err
}

// environment is the test's own without the variables that configure a node,
// so that a developer's settings change no test.
func environment() []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "CONVOKE_") {
			env = append(env, e)
		}
	}
	return env
}

func (s *Instance) run() error {
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	var reading sync.WaitGroup
	reading.Go(func() { read(stdout, s.out, s.log) })
	reading.Go(func() { read(stderr, s.log) })
	go func() {
		reading.Wait() // Wait closes the pipes, so they are read to the end first
		s.exit = s.cmd.Wait()
		close(s.done)
	}()
	return nil
}

// SetupLink is the one-time address for the first operator, which the program
// writes when its database is new.
func (s *Instance) SetupLink(t testing.TB) string {
	t.Helper()
	line, ok := s.log.wait(setup, s.done, time.After(Patience))
	if !ok {
		t.Fatalf("convoke wrote no set-up link\n%s", s.Log())
	}
	return setup.FindString(line)
}

// PID is the process id, for measurements.
func (s *Instance) PID() int { return s.cmd.Process.Pid }

// Log is everything that the program wrote so far.
func (s *Instance) Log() string { return s.log.String() }

// Stop asks the program to end, as a service manager does, and fails the test
// unless it ends with exit code 0 within [Patience].
func (s *Instance) Stop(t testing.TB) {
	t.Helper()
	s.once.Do(func() {
		if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("ask convoke to stop: %v", err)
		}
		select {
		case <-s.done:
		case <-time.After(Patience):
			_ = s.cmd.Process.Kill() // it may have ended just now
			<-s.done
			t.Errorf("convoke did not stop within %v of SIGTERM\n%s", Patience, s.Log())
			return
		}
		if s.exit != nil {
			t.Errorf("convoke ended badly: %v\n%s", s.exit, s.Log())
		}
	})
}

// Kill ends the program without warning, as a power cut would, and waits until
// it is gone. Start another with the same Data to see what was kept.
func (s *Instance) Kill(t testing.TB) {
	t.Helper()
	s.once.Do(func() {
		if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("kill convoke: %v", err)
		}
		<-s.done
	})
}

func (s *Instance) finish(t testing.TB) {
	t.Helper()
	s.Stop(t)
	if t.Failed() {
		t.Log(s.Log())
	}
}

// lines collects what a process writes and tells when a line arrives.
type lines struct {
	mu   sync.Mutex
	all  []string
	more chan struct{} // closed and replaced at each line
}

func newLines() *lines { return &lines{more: make(chan struct{})} }

// read copies r to its end, line by line.
func read(r io.Reader, to ...*lines) {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			for _, l := range to {
				l.add(strings.TrimRight(line, "\r\n"))
			}
		}
		if err != nil {
			return
		}
	}
}

func (l *lines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, line)
	close(l.more)
	l.more = make(chan struct{})
}

// wait returns the first line that matches re, or false when the process ends
// or patience does.
func (l *lines) wait(re *regexp.Regexp, done <-chan struct{}, timeout <-chan time.Time) (string, bool) {
	for {
		line, more, ok := l.find(re)
		if ok {
			return line, true
		}
		select {
		case <-more:
		case <-done:
			line, _, ok = l.find(re)
			return line, ok
		case <-timeout:
			return "", false
		}
	}
}

func (l *lines) find(re *regexp.Regexp) (string, <-chan struct{}, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.all {
		if re.MatchString(s) {
			return s, nil, true
		}
	}
	return "", l.more, false
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(append(l.all, ""), "\n")
}
