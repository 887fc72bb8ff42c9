//go:build !unix

package main

// privateFiles does nothing where a folder's rights hold for its files.
func privateFiles() {}
