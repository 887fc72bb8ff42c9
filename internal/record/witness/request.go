package witness

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Bounds of a request.
const (
	maxProof   = 63 // lines, as the protocol says
	maxRequest = 64 << 10
)

// request is what a log asks to have cosigned.
type request struct {
	old   int64
	proof []tlog.Hash
	note  []byte // the signed checkpoint
}

// encode is the request as it is sent.
func (r *request) encode() []byte {
	b := fmt.Appendf(nil, "old %d\n", r.old)
	for _, h := range r.proof {
		b = append(b, base64.StdEncoding.EncodeToString(h[:])+"\n"...)
	}
	b = append(b, '\n')
	return append(b, r.note...)
}

var errRequest = errors.New("a request is a line with the old size, lines of a consistency proof, an empty line, and a checkpoint")

func parseRequest(b []byte) (*request, error) {
	head, rest, ok := bytes.Cut(b, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	old, isOld := strings.CutPrefix(lines[0], "old ")
	if !ok || !isOld || len(lines)-1 > maxProof || len(rest) == 0 {
		return nil, errRequest
	}
	r := &request{note: rest}
	var err error
	if r.old, err = parseSize(old); err != nil {
		return nil, err
	}
	for _, l := range lines[1:] {
		h, err := parseHash(l)
		if err != nil {
			return nil, err
		}
		r.proof = append(r.proof, h)
	}
	return r, nil
}

// parseSize takes a number as there is one way to write it.
func parseSize(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, errors.New("a size is a decimal number without zeros before it")
	}
	return n, nil
}

// parseHash takes a hash as there is one way to write it: the decoder passes over ends
// of lines, also the old ones of a carriage return alone.
func parseHash(s string) (h tlog.Hash, err error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != len(h) || base64.StdEncoding.EncodeToString(b) != s {
		return h, errors.New("a hash is 32 bytes as base64")
	}
	return tlog.Hash(b), nil
}

// checkpoint is what the text of a checkpoint says (C2SP tlog-checkpoint).
type checkpoint struct {
	origin string
	size   int64
	root   tlog.Hash
}

func parseCheckpoint(text string) (c checkpoint, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] == "" || lines[len(lines)-1] != "" {
		return c, errors.New("a checkpoint is a line with the origin, one with the size, and one with the root")
	}
	c.origin = lines[0]
	if c.size, err = parseSize(lines[1]); err != nil {
		return c, err
	}
	c.root, err = parseHash(lines[2])
	return c, err
}

// extends reports whether a proof leads from an old size and root to a checkpoint.
func (c *checkpoint) extends(old int64, root tlog.Hash, proof []tlog.Hash) bool {
	switch {
	case old == c.size:
		return len(proof) == 0 && root == c.root
	case old == 0:
		return len(proof) == 0
	}
	return tlog.CheckTree(tlog.TreeProof(proof), c.size, c.root, old, root) == nil
}
