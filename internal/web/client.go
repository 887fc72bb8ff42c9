package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
)

// clientFiles are the scripts of the pages on which people take part in the public
// record and count it again, in the order in which their hash is made: also the one
// that every page has, as it could read what these pages show.
var clientFiles = []string{"app.js", "record.js", "take.js", "recount.js", "recount/rules.js", "recount/tally.js", "recount/worker.js"}

// Static is an embedded static file, as it is served.
func Static(name string) ([]byte, error) {
	b, err := fs.ReadFile(staticFiles, "static/"+name)
	if err != nil {
		return nil, fmt.Errorf("read static file %s: %w", name, err)
	}
	return b, nil
}

// ClientHash is SHA-256, in hexadecimal, of the scripts of the pages on which
// people take part in the public record and count it again, as they are served, one
// behind the other: what manifests of boxes name.
func ClientHash() (string, error) {
	h := sha256.New()
	for _, name := range clientFiles {
		b, err := Static(name)
		if err != nil {
			return "", err
		}
		h.Write(Bare(b))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
