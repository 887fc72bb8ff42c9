// Package archive reads and writes a whole group as one file: a zip with a
// manifest, whose JSON parts an import reads. It knows the form of the file, not
// what is in it: features give and take their own parts.
//
// A file may come from anybody, so a [Reader] believes nothing of it. Nothing is
// ever unpacked onto the disk, and nothing is larger than [Limits] say, whatever
// the file claims. docs/archive.md describes the format.
package archive

import "convoke/internal/id"

// What a manifest says of the format. A file of another version is refused.
const (
	format       = "convoke-group"
	version      = 1
	manifestName = "manifest.json"
)

// Manifest tells what is in a file and where it comes from.
type Manifest struct {
	Format  string  `json:"format"`
	Version int     `json:"version"`
	Node    string  `json:"node"` // address of the server, "" when it has none
	Name    string  `json:"name"` // what that server is called
	Day     string  `json:"day"`  // 2026-11-28
	Group   Group   `json:"group"`
	Entries []Entry `json:"entries"`
}

// Group is the one that the file is about.
type Group struct {
	ID     id.Group `json:"id"`
	Handle string   `json:"handle"`
	Name   string   `json:"name"`
}

// Entry is one part of the file; hash is SHA-256 in hexadecimal.
type Entry struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	Hash string `json:"sha256"`
}

// Limits bound what is read of a file, whatever it claims.
type Limits struct {
	Entries  int   // how many parts
	Manifest int64 // bytes of the manifest
	Part     int64 // bytes of any other part
	Picture  int64 // bytes of a picture
	Total    int64 // bytes of all parts
	Row      int64 // bytes of one row of a JSON list
	Ratio    int64 // how many times larger than its compressed form a part is
}

// defaults are far above what a group of many years has.
func defaults() Limits {
	return Limits{
		Entries: 50_000, Manifest: 16 << 20, Part: 1 << 30, Picture: 10 << 20, Total: 4 << 30, Row: 8 << 20, Ratio: 250,
	}
}

// freely is the size from which on the ratio counts: small texts may repeat
// themselves.
const freely = 1 << 20
