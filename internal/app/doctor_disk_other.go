//go:build !(linux || darwin || freebsd)

package app

// freeBytes is not known here.
func freeBytes(string) (free uint64, ok bool, err error) { return 0, false, nil }
