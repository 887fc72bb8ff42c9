//go:build unix

package main

import "syscall"

// privateFiles keeps what the program writes from other users: databases too,
// which are not made by our own code.
func privateFiles() { syscall.Umask(0o077) }
