package dbtest

import (
	"errors"
	"strings"
	"sync"
)

// ErrAborted is what statements say after an [Abort].
var ErrAborted = errors.New("aborted by a test")

// Abort ends the work of a database before a statement, as when the process dies
// there: nothing runs any more but what undoes, which the database does by itself
// then. Its method Before is for [OpenBefore]. At first it lets all through.
type Abort struct {
	mu      sync.Mutex
	left    int // statements until it aborts
	aborted bool
	started bool
}

// At lets n-1 more statements through and none after that.
func (a *Abort) At(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.started, a.left, a.aborted = true, n-1, false
}

// Off lets all through again, and says whether it aborted anything.
func (a *Abort) Off() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.started = false
	return a.aborted
}

// Before is asked before a statement.
func (a *Abort) Before(q string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !a.started || strings.HasPrefix(q, "rollback"):
		return nil
	case a.left > 0:
		a.left--
		return nil
	}
	a.aborted = true
	return ErrAborted
}
