package e2e

import (
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

// Patience is how long a helper waits for what it looks for. It is long
// because a busy machine with two cores is slow, and costs nothing when what is
// looked for is there.
const Patience = 30 * time.Second

// Environment variables that steer the harness.
const (
	// EnvChromium names the path of a Chromium.
	EnvChromium = "CONVOKE_TEST_CHROMIUM"
	// EnvBinary names a convoke that is built already; without it the harness
	// builds one.
	EnvBinary = "CONVOKE_TEST_BINARY"
	// EnvShots names a folder for screenshots; without it none are taken.
	EnvShots = "CONVOKE_SHOTS"
)

// shared is what lives as long as the test process.
type shared struct {
	mu      sync.Mutex
	closers []func()
}

var process shared

func (s *shared) atEnd(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closers = append(s.closers, f)
}

func (s *shared) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range slices.Backward(s.closers) {
		f()
	}
	s.closers = nil
}

// Main runs the tests of m and then removes what they shared. It returns the
// exit code; call it from TestMain as os.Exit(e2e.Main(m)).
func Main(m *testing.M) int {
	defer process.close()
	return m.Run()
}

// need skips the test on a developer's machine that lacks something, and fails
// it where everything must be tested.
func need(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s, and CI must test with it", what)
	}
	t.Skipf("%s (make test installs or names what is missing)", what)
}
