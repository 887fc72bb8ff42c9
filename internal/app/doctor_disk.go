//go:build linux || darwin || freebsd

package app

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// freeBytes is what an ordinary user may still write on the disk of dir; ok is
// false where the system does not tell.
func freeBytes(dir string) (free uint64, ok bool, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false, fmt.Errorf("ask for free space: %w", err)
	}
	return uint64(s.Bavail) * uint64(s.Bsize), true, nil //nolint:gosec,unconvert // types differ by system
}
