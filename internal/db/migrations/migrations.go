// Package migrations holds the schema of both databases as files.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed main/*.sql keys/*.sql
var files embed.FS

// Main is the schema of the node's database; Keys that of the separate
// database which holds nothing but the keys of sealed fields.
var (
	Main = sub("main")
	Keys = sub("keys")
)

func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // a folder embedded above
	}
	return f
}
