//go:build unix

package bench

import (
	"syscall"
	"time"
)

// processorTime is what this process has used of the processors, in user and
// system mode; 0 when the system does not tell.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
