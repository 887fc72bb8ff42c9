package job

import "time"

// Pace changes the waits of a queue for a test.
func (q *Queue) Pace(poll, drain, settle time.Duration) {
	q.poll, q.drain, q.settle = poll, drain, settle
}

// For tests of the rules.
var (
	Backoff = backoff
	Message = message
	NextRun = nextRun
)
